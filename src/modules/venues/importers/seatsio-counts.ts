import { PLAN_LIMITS, refuseDocument } from '../seating-plan.rules';
import { isJsonObject, type JsonObject } from './json-document';

export const objectsIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

/** Counted before anything is read, so that a chart of millions of seats costs no more than its text. */
export function refuseTooMany(document: JsonObject): void {
  const floors = [document['subChart'], ...objectsIn(document['subChartFloors'])];
  const sections = floors.flatMap((floor) =>
    isJsonObject(floor) ? objectsIn(floor['sections']) : [],
  );
  const insides = sections.map((section) => isJsonObject(section) && section['subChart']);
  let [seats, areas, shapes] = [0, sections.length + floors.length, 0];
  for (const block of [...floors, ...insides]) {
    if (!isJsonObject(block)) continue;
    for (const row of [...objectsIn(block['rows']), ...objectsIn(block['tables'])]) {
      if (isJsonObject(row)) seats += objectsIn(row['seats']).length;
    }
    seats += objectsIn(block['booths']).length;
    areas += objectsIn(block['generalAdmissionAreas']).length;
    shapes += objectsIn(block['shapes']).length + objectsIn(block['texts']).length;
  }
  const counts: [number, number, string][] = [
    [seats, PLAN_LIMITS.places, 'seats'],
    [areas, PLAN_LIMITS.sections, 'floors, sections and areas'],
    [shapes, PLAN_LIMITS.shapes, 'shapes and texts'],
  ];
  for (const [count, most, what] of counts) {
    if (count > most) refuseDocument(`has ${count} ${what}; a plan may have at most ${most}`);
  }
  const list = isJsonObject(document['categories']) ? document['categories']['list'] : [];
  const [categories, most] = [objectsIn(list).length, PLAN_LIMITS.categories];
  if (categories > most)
    refuseDocument(`has ${categories} categories; a plan may have at most ${most}`);
}

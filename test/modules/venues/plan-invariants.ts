import { outlineOf } from '../../../src/modules/venues/plan-shapes.rules';
import type { SeatingPlanModel } from '../../../src/modules/venues/seating-plan.rules';

/** What holds for the model of every plan, whatever document it came from. */
export function expectSoundPlan(model: SeatingPlanModel): void {
  const { seats, sections, categories, size } = model;
  const count = seats.label.length;
  expect(count).toBeGreaterThan(0);
  for (const column of Object.values(seats) as unknown[][]) expect(column).toHaveLength(count);
  expect(new Set(seats.label).size).toBe(count);
  expect(new Set(sections.map(({ key }) => key)).size).toBe(sections.length);
  expect(new Set(categories.map(({ key }) => key)).size).toBe(categories.length);
  for (const { key } of [...sections, ...categories])
    expect(key).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);

  const runs = new Set<string>();
  let run = '';
  const wrong: string[] = [];
  for (let no = 0; no < count; no += 1) {
    const section = seats.section[no] ?? -1;
    const here = JSON.stringify([section, seats.row[no]]);
    if (here !== run && runs.has(here)) wrong.push(`seat ${no}: row ${here} is in several pieces`);
    if (section < (seats.section[no - 1] ?? 0)) wrong.push(`seat ${no}: sections are not in order`);
    runs.add((run = here));
    const area = sections[section]?.generalAdmission;
    if (area === undefined) wrong.push(`seat ${no}: no such section`);
    if ((seats.row[no] === null) !== area || (seats.number[no] === null) !== area) {
      wrong.push(`seat ${no}: row and number are for numbered seats, and for all of them`);
    }
    if (!categories[seats.category[no] ?? -1]) wrong.push(`seat ${no}: no such category`);
    const [x, y] = [seats.x[no] ?? NaN, seats.y[no] ?? NaN];
    if (!(x >= 0 && y >= 0 && x <= size.width && y <= size.height))
      wrong.push(`seat ${no}: outside`);
    if (x !== Math.round(x * 100) / 100) wrong.push(`seat ${no}: more than two decimals`);
  }
  let next = 0;
  for (const { name, section, firstNo, seatCount } of model.tables ?? []) {
    if (firstNo < next || seatCount < 1) wrong.push(`table ${name}: not in order`);
    next = firstNo + seatCount;
    for (let no = firstNo - 1; no <= next; no += 1) {
      const here = seats.row[no] === name && seats.section[no] === section;
      if (here !== (no >= firstNo && no < next))
        wrong.push(`table ${name}: not the seats of a row`);
    }
  }
  for (const no of model.companions ?? []) {
    if (seats.row[no] == null) wrong.push(`companion ${no}: not a seat`);
  }
  for (const corner of model.shapes.flatMap((shape) => outlineOf(shape))) {
    // Shapes are rounded to two decimals after the size was taken: a hundredth may be beyond.
    if (corner.x < -0.05 || corner.y < -0.05) wrong.push('a shape is outside');
    if (corner.x > size.width + 0.05 || corner.y > size.height + 0.05)
      wrong.push('a shape is outside');
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}

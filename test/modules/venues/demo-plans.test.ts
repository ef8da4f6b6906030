import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import type { UsherDocument } from '../../../src/modules/venues/importers/usher-schema';
import type { SeatingPlanModel } from '../../../src/modules/venues/seating-plan.rules';
import { arenaPlan } from '../../../src/tools/demo-plans/arena';
import {
  conferencePlan,
  festivalPlan,
  galleryPlan,
  limitedPlan,
  summitPlan,
} from '../../../src/tools/demo-plans/halls';
import { theatrePlan } from '../../../src/tools/demo-plans/theatre';
import { expectSoundPlan } from './plan-invariants';

/** A seat is drawn 20 wide: any two centres nearer than that overlap on the map. */
const NEAREST_ALLOWED = 20;

function importDemo(plan: UsherDocument): SeatingPlanModel {
  const { model, warnings } = importSeatingPlanDocument('USHER', JSON.stringify(plan), {
    duplicateSeats: 'REJECT',
  });
  expect(warnings).toEqual([]);
  expectSoundPlan(model);
  return model;
}

/** Pairs of numbered seats that overlap; compares each with those of the cells around its own. */
function overlaps({ seats, sections }: SeatingPlanModel): string[] {
  const cells = new Map<string, number[]>();
  const found: string[] = [];
  seats.label.forEach((label, no) => {
    if (sections[seats.section[no] ?? -1]?.generalAdmission) return;
    const [x, y] = [seats.x[no] ?? 0, seats.y[no] ?? 0];
    const [column, line] = [Math.floor(x / NEAREST_ALLOWED), Math.floor(y / NEAREST_ALLOWED)];
    for (let dx = -1; dx <= 1; dx += 1) {
      for (let dy = -1; dy <= 1; dy += 1) {
        for (const other of cells.get(`${column + dx},${line + dy}`) ?? []) {
          const distance = Math.hypot(x - (seats.x[other] ?? 0), y - (seats.y[other] ?? 0));
          if (distance < NEAREST_ALLOWED)
            found.push(`${label} and ${seats.label[other] ?? ''}: ${distance}`);
        }
      }
    }
    const key = `${column},${line}`;
    cells.set(key, [...(cells.get(key) ?? []), no]);
  });
  return found;
}

const accessibleSeats = ({ seats }: SeatingPlanModel) =>
  seats.accessible.filter((flag) => flag === 1).length;

describe('demo plans', () => {
  it.each([
    ['limited', limitedPlan, 2],
    ['conference', conferencePlan, 100],
    ['summit', summitPlan, 50],
    ['gallery', galleryPlan, 30],
    ['festival', festivalPlan, 200],
  ])('%s has exactly its seats', (_, plan, count) => {
    const model = importDemo(plan());
    expect(model.seats.label).toHaveLength(count);
    expect(overlaps(model)).toEqual([]);
    expect(model.focalPoint).not.toBeNull();
  });

  it('the theatre has stalls, boxes and a circle, four categories and room for wheelchairs', () => {
    const model = importDemo(theatrePlan());
    expect(model.seats.label.length).toBeGreaterThan(1_050);
    expect(model.seats.label.length).toBeLessThan(1_150);
    expect(model.sections.map(({ name }) => name)).toEqual([
      'Stalls',
      'Boxes left',
      'Boxes right',
      'Circle',
    ]);
    expect(model.categories).toHaveLength(4);
    expect(new Set(model.seats.category).size).toBe(4);
    expect(accessibleSeats(model)).toBeGreaterThanOrEqual(10);
    expect(overlaps(model)).toEqual([]);
  });

  it('the arena has about 16,000 places in blocks, and two standing areas', () => {
    const model = importDemo(arenaPlan());
    expect(Math.abs(model.seats.label.length - 16_000)).toBeLessThan(250);
    const standing = model.sections.flatMap(({ generalAdmission }, index) =>
      generalAdmission ? [index] : [],
    );
    expect(
      standing.map((index) => model.seats.section.filter((of) => of === index).length),
    ).toEqual([1_500, 2_500]);
    expect(model.sections.length).toBeGreaterThan(40);
    expect(accessibleSeats(model)).toBeGreaterThanOrEqual(20);
    expect(overlaps(model)).toEqual([]);
  });
});

import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import type { UsherDocument } from '../../../src/modules/venues/importers/usher-schema';
import type { DuplicateSeatPolicy } from '../../../src/modules/venues/seating-plan.rules';
import { expectSoundPlan } from './plan-invariants';
import { problemsOf } from './refusals';

function importPlan(
  document: unknown,
  duplicateSeats: DuplicateSeatPolicy = 'REJECT',
  name?: string,
) {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const plan = importSeatingPlanDocument('USHER', text, { name, duplicateSeats });
  expectSoundPlan(plan.model);
  return plan;
}
const refusal = (document: unknown) => problemsOf(() => importPlan(document));

const seat = (number: string, x: number, y: number) => ({ number, x, y });
function smallPlan(): UsherDocument {
  return {
    usher: 1,
    name: 'Small',
    size: { width: 400, height: 300 },
    categories: [
      { key: 'a', name: 'A', color: '#aa0000' },
      { key: 'b', name: 'B' },
    ],
    sections: [
      {
        key: 'stalls',
        name: 'Stalls',
        category: 'b',
        rows: [
          { name: 'A', category: 'a', seats: [seat('1', 100, 100), seat('2', 125, 100)] },
          {
            name: 'B',
            seats: [
              { ...seat('1', 100, 130), accessible: true },
              { ...seat('2', 125, 130), category: 'a' },
            ],
          },
        ],
      },
      {
        key: 'standing',
        name: 'Standing',
        generalAdmission: true,
        capacity: 3,
        category: 'b',
        shape: { kind: 'rectangle', x: 50, y: 200, width: 300, height: 50 },
      },
    ],
    shapes: [
      { kind: 'rectangle', x: 100, y: 20, width: 100, height: 40, role: 'stage', fill: '#000000' },
      { kind: 'text', x: 150, y: 40, text: 'STAGE', size: 20, rotation: 90 },
    ],
  };
}

describe('an USHER document', () => {
  it('becomes columns in plan order', () => {
    const { model, warnings } = importPlan(smallPlan());
    expect(warnings).toEqual([]);
    expect(model.size).toEqual({ width: 400, height: 300 });
    expect(model.focalPoint).toEqual({ x: 150, y: 40 });
    expect(model.seats).toMatchObject({
      label: [
        'Stalls, Row A, Seat 1',
        'Stalls, Row A, Seat 2',
        'Stalls, Row B, Seat 1',
        'Stalls, Row B, Seat 2',
        'Standing 1',
        'Standing 2',
        'Standing 3',
      ],
      section: [0, 0, 0, 0, 1, 1, 1],
      row: ['A', 'A', 'B', 'B', null, null, null],
      number: ['1', '2', '1', '2', null, null, null],
      category: [0, 0, 1, 0, 1, 1, 1],
      accessible: [0, 0, 1, 0, 0, 0, 0],
    });
    expect(model.shapes.map(({ kind, role, section }) => [kind, role, section])).toEqual([
      ['rectangle', 'area', 1],
      ['rectangle', 'stage', undefined],
      ['text', 'decoration', undefined],
    ]);
  });

  it('spreads the places of an area inside its shape', () => {
    const { x, y } = importPlan(smallPlan()).model.seats;
    for (const no of [4, 5, 6]) {
      expect(x[no]).toBeGreaterThan(50);
      expect(x[no]).toBeLessThan(350);
      expect(y[no]).toBeGreaterThan(200);
      expect(y[no]).toBeLessThan(250);
    }
    expect(new Set(x.slice(4)).size).toBe(3);
  });

  it('takes another name, and a byte order mark', () => {
    expect(importPlan(smallPlan(), 'REJECT', '  Other \n name ').model.name).toBe('Other name');
    expect(importPlan(`\uFEFF${JSON.stringify(smallPlan())}`).model.name).toBe('Small');
  });

  it('labels rows and seats as the section says', () => {
    const plan = smallPlan();
    Object.assign(plan.sections[0] ?? {}, { rowLabel: 'Box %s', seatLabel: 'Chair %s' });
    expect(importPlan(plan).model.seats.label[0]).toBe('Stalls, Box A, Chair 1');
  });

  it('moves and widens a plan whose seats lie outside, and says how many', () => {
    const plan = smallPlan();
    plan.sections.push({
      key: 'far',
      name: 'Far',
      category: 'a',
      rows: [{ name: 'A', seats: [seat('1', -70, 100), seat('2', 500, 320)] }],
    });
    const { model, warnings } = importPlan(plan);
    expect(model.size).toEqual({ width: 630, height: 350 });
    expect(model.seats.x.slice(-2)).toEqual([30, 600]);
    expect(model.focalPoint).toEqual({ x: 250, y: 40 });
    expect(warnings).toEqual([
      "2 seats lie outside the document's size of 400 × 300; the plan is now 630 × 350 and everything was moved by 100, 0.",
    ]);
  });

  it('makes a place for areas without a shape, and a size where there is none', () => {
    const plan = smallPlan();
    delete plan.size;
    plan.sections.push({
      key: 'lawn',
      name: 'Lawn',
      generalAdmission: true,
      capacity: 50,
      category: 'a',
    });
    plan.sections.push({
      key: 'roof',
      name: 'Roof',
      generalAdmission: true,
      capacity: 5,
      category: 'a',
    });
    const { model } = importPlan(plan);
    const lowest = (section: number) =>
      Math.min(...model.seats.y.filter((_, no) => model.seats.section[no] === section));
    expect(lowest(2)).toBeGreaterThan(lowest(1));
    expect(lowest(3)).toBeGreaterThan(lowest(2));
  });

  it('joins the pieces of a row', () => {
    const plan = smallPlan();
    const [stalls] = plan.sections;
    if (!stalls || !('rows' in stalls)) throw new Error('the plan has stalls');
    stalls.rows.push({ name: 'A', category: 'a', seats: [seat('3', 200, 100)] });
    const { model, warnings } = importPlan(plan);
    expect(model.seats.number.slice(0, 5)).toEqual(['1', '2', '3', '1', '2']);
    expect(warnings[0]).toContain('A in Stalls');
  });

  it('refuses or renames a number that comes twice in a row', () => {
    const plan = smallPlan();
    const [stalls] = plan.sections;
    if (!stalls || !('rows' in stalls)) throw new Error('the plan has stalls');
    stalls.rows[0]?.seats.push(seat('2', 150, 100));
    expect(refusal(plan)).toEqual([
      {
        path: 'document.sections[0].rows[0].seats[2].number',
        message:
          'is the number of an earlier seat of the same section and row (Stalls, Row A, Seat 2)',
      },
    ]);
    const { model, warnings } = importPlan(plan, 'RENAME');
    expect(model.seats.label[2]).toBe('Stalls, Row A, Seat 2 (2)');
    expect(model.seats.number[2]).toBe('2');
    expect(warnings).toHaveLength(1);
  });

  it('tells of every problem at once, with path and place', () => {
    const problems = refusal(`{
      "usher": 2, "name": "x\\u0000y", "extra": 1, "size": {"width": 0, "height": 1e400},
      "categories": [], "sections": [], "focalPoint": {"x": "1"}
    }`);
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'document.categories',
      'document.extra',
      'document.focalPoint.x',
      'document.focalPoint.y',
      'document.name',
      'document.sections',
      'document.size.height',
      'document.size.width',
      'document.usher',
    ]);
    const inside =
      refusal(`{ "usher": 1, "name": "x", "categories": [{"key": "A b", "name": "A"}, {"key": "a", "name": "A"}, {"key": "a", "name": "A"}, {"key": "c", "name": "C"}],
      "sections": [
        {"key": "s", "name": "Stalls", "category": "nope", "rows": [{"name": "\\ud800", "seats": [{}]},
          {"name": "B", "seats": [{"number": 7, "x": 1e7, "y": null, "colour": "red", "category": "zzz"}, {"number": "2", "x": 1, "y": 1}, 5]}]},
        {"key": "s", "name": "Standing", "generalAdmission": true, "capacity": 0.5},
        {"key": "t", "name": "Lawn", "generalAdmission": true, "capacity": 5},
        null],
      "shapes": [{"kind": "star"}, {"kind": "text", "x": 1, "y": 1, "text": "", "size": 1}, {"kind": "polygon", "points": [[1, 2, 3]]}] }`);
    expect(inside).toEqual(
      expect.arrayContaining([
        {
          path: 'document.sections[0].rows[1].seats[0].x',
          message: 'must be at most 1000000 (Stalls, Row B, Seat #1)',
        },
        {
          path: 'document.sections[0].rows[1].seats[0].y',
          message: 'must be a number, not null (Stalls, Row B, Seat #1)',
        },
        {
          path: 'document.sections[0].rows[1].seats[0].colour',
          message: 'is not a key of the format (Stalls, Row B, Seat #1)',
        },
        { path: 'document.sections[3]', message: 'must be an object, not null (section #4)' },
        {
          path: 'document.shapes[0].kind',
          message: 'must be one of "rectangle", "ellipse", "polygon", "text" (an area has no text)',
        },
      ]),
    );
    expect(inside.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'document.categories[0].key',
        'document.categories[2].key',
        'document.sections[0].category',
        'document.sections[0].rows[0].name',
        'document.sections[0].rows[1].seats[2]',
        'document.sections[1].capacity',
        'document.sections[2].category',
        'document.shapes[1].text',
      ]),
    );
  });

  it('names fifty problems and counts the others', () => {
    const plan = smallPlan();
    plan.sections = [
      {
        key: 'a',
        name: 'A',
        rows: [
          { name: 'A', seats: Array.from({ length: 90 }, (_, i) => seat(String(i), i * 25, 1)) },
        ],
      },
    ];
    const problems = refusal(plan);
    expect(problems).toHaveLength(51);
    expect(problems[0]?.message).toContain('A, Row A, Seat 0');
    expect(problems[50]).toEqual({ path: 'document', message: 'and 40 more problems' });
  });

  it('refuses what passes the limits, quickly', () => {
    const places = (capacity: number) => ({
      ...smallPlan(),
      sections: [
        { key: 'a', name: 'A', generalAdmission: true, capacity, category: 'a' },
        { key: 'b', name: 'B', generalAdmission: true, capacity: 1, category: 'a' },
      ],
    });
    expect(refusal(places(100_000))).toEqual([
      { path: 'document', message: 'has 100001 places; a plan may have at most 100000' },
    ]);
    expect(importPlan(places(99_999)).model.seats.label).toHaveLength(100_000);
    const empty = `[${'{},'.repeat(2_000_000)}{}]`;
    const head = '"usher": 1, "name": "x", "categories": [{"key": "a", "name": "A"}]';
    const huge = (sections: string) => refusal(`{${head}, "sections": ${sections}}`);
    expect(huge(empty)[0]?.message).toBe('must have at most 1000 entries');
    expect(huge(`[{"key": "a", "name": "A", "rows": [{"name": "A", "seats": ${empty}}]}]`)).toEqual(
      [{ path: 'document', message: 'has 2000001 seats; a plan may have at most 100000' }],
    );
    const points = huge(`[{"key": "a", "name": "A", "generalAdmission": true, "capacity": 1,
      "shape": {"kind": "polygon", "points": ${empty}}}]`);
    expect(points[0]?.message).toBe('must have at most 1000 entries');
  });
});

describe('tables of an USHER document', () => {
  const table = (name: string, count: number, more: object = {}) => ({
    name,
    seats: Array.from({ length: count }, (_, i) => seat(String(i + 1), 25 * i, 25 * Number(name))),
    ...more,
  });
  const planWith = (section: object): object => ({
    ...smallPlan(),
    sections: [{ key: 'supper', name: 'Supper', category: 'a', ...section }],
  });

  it('are seats whose row is the table, after the rows of their section', () => {
    const rows = [{ name: 'A', seats: [seat('1', 100, 300)] }];
    const tables = [
      table('7', 2, { category: 'b' }),
      table('8', 3, { wholeTable: true, seats: [{ ...seat('1', 9, 9), companion: true }] }),
    ];
    const { model, warnings } = importPlan(planWith({ rows, tables, tableLabel: 'Booth %s' }));
    expect(warnings).toEqual([]);
    expect(model.seats).toMatchObject({
      label: [
        'Supper, Row A, Seat 1',
        'Supper, Booth 7, Seat 1',
        'Supper, Booth 7, Seat 2',
        'Supper, Booth 8, Seat 1',
      ],
      row: ['A', '7', '7', '8'],
      category: [0, 1, 1, 0],
    });
    expect(model.tables).toEqual([
      { name: '7', section: 0, firstNo: 1, seatCount: 2, wholeTable: false },
      { name: '8', section: 0, firstNo: 3, seatCount: 1, wholeTable: true },
    ]);
    expect(model.companions).toEqual([3]);
  });

  it('may be all that a section has', () => {
    const { model } = importPlan(planWith({ tables: [table('7', 2)] }));
    expect(model.seats.label).toEqual(['Supper, Table 7, Seat 1', 'Supper, Table 7, Seat 2']);
  });

  it('keep to themselves: never joined to a row or table of the same name', () => {
    const rows = [{ name: '1', seats: [seat('9', 100, 300)] }];
    const document = planWith({ rows, tables: [table('1', 2), table('2', 1)] });
    const { model, warnings } = importPlan(document);
    expect(model.tables?.map(({ name }) => name)).toEqual(['1 (2)', '2']);
    expect(warnings).toEqual([
      '1 table had the name of an earlier row or table of the same section and got a number: 1 (2) in Supper.',
    ]);
  });

  it('are refused with what is wrong with them', () => {
    const tables = [
      table('7', 1),
      table('7', 1, { round: true }),
      { name: '8', seats: [seat('1', 1, 1), seat('1', 2, 2)] },
      { name: '9', seats: [] },
    ];
    expect(refusal(planWith({ tables })).map(({ path }) => path)).toEqual([
      'document.sections[0].tables[1].round',
      'document.sections[0].tables[2].seats[1].number',
      'document.sections[0].tables[3].seats',
    ]);
    expect(refusal(planWith({ tables: [table('7', 1), table('7', 1)] }))).toEqual([
      {
        path: 'document.sections[0].tables[1].name',
        message: 'is the name of an earlier table of the same section (Supper, Table 7)',
      },
    ]);
    expect(refusal(planWith({ tables: [] }))[0]?.path).toBe('document.sections[0].tables');
    expect(refusal(planWith({}))).toMatchObject([
      { path: 'document.sections[0].rows', message: 'is missing (Supper)' },
    ]);
  });

  it('count against the limit of places before they are read', () => {
    const tables = [{ name: '7', seats: Array.from({ length: 100_001 }, () => 0) }];
    expect(refusal(planWith({ tables }))[0]?.message).toContain('has 100001 seats');
  });
});

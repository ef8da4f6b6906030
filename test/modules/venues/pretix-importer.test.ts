import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import type { DuplicateSeatPolicy } from '../../../src/modules/venues/seating-plan.rules';
import { expectSoundPlan } from './plan-invariants';
import { itWithPlan } from './real-plans';
import { problemsOf } from './refusals';

function importPlan(document: unknown, duplicateSeats: DuplicateSeatPolicy = 'REJECT') {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const plan = importSeatingPlanDocument('PRETIX', text, { duplicateSeats });
  expectSoundPlan(plan.model);
  return plan;
}
const refusal = (document: unknown) => problemsOf(() => importPlan(document));

let guids = 0;
const seat = (number: string, x: number, more: object = {}) => ({
  seat_number: number,
  seat_guid: `guid-${(guids += 1)}`,
  position: { x, y: 0 },
  category: 'Best',
  ...more,
});
const row = (number: string, y: number, seats: object[], more: object = {}) => ({
  row_number: number,
  position: { x: 10, y },
  seats,
  ...more,
});
const plan = (rows: object[], more: object = {}, zone: object = {}) => ({
  name: 'Hall',
  size: { width: 500.5, height: 400 },
  categories: [{ name: 'Best', color: '#E87722' }],
  zones: [{ name: 'Block D', position: { x: 100, y: 50 }, rows, ...zone }],
  ...more,
});

describe('a pretix document', () => {
  it('adds up positions of zone, row and seat', () => {
    const { model, warnings } = importPlan(plan([row('14', 5, [seat('1', 0), seat('2', 25.555)])]));
    expect(warnings).toEqual([]);
    expect(model.sections).toEqual([{ key: 'block-d', name: 'Block D', generalAdmission: false }]);
    expect(model.seats).toMatchObject({
      label: ['Block D, Row 14, Seat 1', 'Block D, Row 14, Seat 2'],
      x: [110, 135.56],
      y: [55, 55],
      row: ['14', '14'],
      number: ['1', '2'],
    });
    expect(model.focalPoint).toBeNull();
    expect(model.size).toEqual({ width: 501, height: 400 });
  });

  it('uses the templates of rows', () => {
    const rows = [row('7', 0, [seat('3', 0)], { row_label: 'Reihe %s', seat_label: 'Platz %s' })];
    expect(importPlan(plan(rows)).model.seats.label).toEqual(['Block D, Reihe 7, Platz 3']);
  });

  it('draws areas, turned about their position, and finds the stage', () => {
    const position = { x: 50, y: 60 };
    const areas = [
      {
        shape: 'rectangle',
        position,
        rectangle: { width: 99.5, height: 20.25 },
        rotation: 90,
        color: '#fff',
        border_color: 'red',
        text: { position: { x: 10, y: 0 }, text: 'Bühne', color: '#000000' },
      },
      { shape: 'circle', position, circle: { radius: 5 }, color: 'url(javascript:alert(1))' },
      { shape: 'ellipse', position, ellipse: { radius: { x: 5, y: 6 } }, rotation: 15 },
      {
        shape: 'polygon',
        position,
        polygon: {
          points: [
            { x: 0, y: 0 },
            { x: 10, y: 0 },
            { x: 0, y: 10 },
          ],
        },
        rotation: 180,
      },
      { shape: 'text', position, text: { text: 'Bar', size: 30, position: { x: 0, y: 0 } } },
      { shape: 'star', position },
    ];
    const { model, warnings } = importPlan(plan([row('1', 0, [seat('1', 0)])], {}, { areas }));
    expect(model.shapes).toEqual([
      {
        kind: 'rectangle',
        x: 150,
        y: 110,
        width: 99.5,
        height: 20.25,
        rotation: 90,
        fill: '#fff',
        stroke: 'red',
        role: 'stage',
      },
      {
        kind: 'text',
        x: 150,
        y: 120,
        text: 'Bühne',
        size: 16,
        rotation: 90,
        fill: '#000000',
        stroke: null,
        role: 'stage',
      },
      {
        kind: 'ellipse',
        x: 150,
        y: 110,
        radiusX: 5,
        radiusY: 5,
        rotation: 0,
        fill: null,
        stroke: null,
        role: 'decoration',
      },
      {
        kind: 'ellipse',
        x: 150,
        y: 110,
        radiusX: 5,
        radiusY: 6,
        rotation: 15,
        fill: null,
        stroke: null,
        role: 'decoration',
      },
      {
        kind: 'polygon',
        points: [
          [150, 110],
          [140, 110],
          [150, 100],
        ],
        fill: null,
        stroke: null,
        role: 'decoration',
      },
      {
        kind: 'text',
        x: 150,
        y: 110,
        text: 'Bar',
        size: 30,
        rotation: 0,
        fill: '#333333',
        stroke: null,
        role: 'decoration',
      },
    ]);
    expect(model.focalPoint).toEqual({ x: 139.88, y: 159.75 });
    expect(warnings).toEqual(['Areas that could not be drawn were left out: "star".']);
  });

  it('makes wheelchair places of flags and of categories, but not of companions', () => {
    const categories = ['Best', 'Rollstuhlplatz', 'Rollstuhlbegleitung'].map((name) => ({ name }));
    const rows = [
      row('1', 0, [
        seat('1', 0, { wheelchair: true }),
        seat('2', 25, { wheelchair: false }),
        seat('3', 50),
        seat('4', 75, { category: 'Rollstuhlplatz' }),
        seat('5', 100, { category: 'Rollstuhlbegleitung' }),
      ]),
    ];
    const { model, warnings } = importPlan(plan(rows, { categories }));
    expect(model.seats.accessible).toEqual([1, 0, 0, 1, 0]);
    expect(warnings).toEqual([
      'Taken to be wheelchair places, by the category "Rollstuhlplatz": 1 seat.',
    ]);
  });

  it.each([
    [{ name: 'Kurve', capacity: 40, category: 'Best' }, ['Best'], 'Best'],
    [{ name: 'Best', capacity: 40 }, ['Best'], 'Best'],
    [{ name: 'Kurve', capacity: 40 }, ['Best', 'Kurve'], 'Kurve'],
  ])('makes an area of standing %j', (standing, categories, category) => {
    const { model } = importPlan(plan([row('1', 0, [seat('1', 0)])], { standing }));
    expect(model.sections[1]).toMatchObject({ name: standing.name, generalAdmission: true });
    expect(model.seats.label.slice(1, 3)).toEqual([`${standing.name} 1`, `${standing.name} 2`]);
    expect(model.seats.label).toHaveLength(41);
    expect(model.categories.map(({ name }) => name)).toEqual(categories);
    expect(model.categories[model.seats.category[5] ?? -1]?.name).toBe(category);
  });

  it('warns of what it mends', () => {
    const rows = [
      row('A', 0, [seat('1', 0, { colour: 'x' }), seat('2', 25, { colour: 'x' })], { curve: 3 }),
      row('A', 30, [seat('1', 0), seat('2', 25)]),
      row('', 60, [seat('', 0)]),
      row('B', 90, []),
    ];
    const { model, warnings } = importPlan({
      ...plan(rows, { size: null, version: 2 }),
      zones: [...plan(rows).zones, { name: 'Empty', position: { x: 0, y: 0 }, rows: [] }],
    });
    expect(model.seats.label).toEqual([
      'Block D, Row A, Seat 1',
      'Block D, Row A, Seat 2',
      'Block D, Row A (2), Seat 1',
      'Block D, Row A (2), Seat 2',
      'Block D, Row 3, Seat 1',
    ]);
    expect(warnings).toEqual([
      'The document says no size; it was taken from the seats.',
      'Each row without a number got its position as its number (1): Block D, Row 3.',
      'Each seat without a number got its position as its number (1): Block D, Row 3, Seat 1.',
      'Each row without seats was left out (1): Block D, Row B.',
      'Each zone without seats or areas was left out (1): Empty.',
      'Keys that the format does not have were ignored: "version" of a plan (1 time), "curve" of a row (1 time), "colour" of a seat (2 times).',
      '1 row had the name of an earlier row of the same section and got a number: A (2) in Block D.',
    ]);
  });

  it('keeps zones of one name, and names without letters, apart', () => {
    const zone = (name: string, y: number) => ({
      name,
      position: { x: 0, y },
      rows: [row('1', 0, [seat('1', 0)])],
    });
    const { model, warnings } = importPlan({
      ...plan([]),
      zones: [zone('Block A', 0), zone('Block A', 50), zone('一階', 100)],
    });
    expect(model.sections.map(({ key, name }) => [key, name])).toEqual([
      ['block-a', 'Block A'],
      ['block-a-2', 'Block A (2)'],
      ['section-3', '一階'],
    ]);
    expect(warnings).toEqual([
      'Sections that had the name of an earlier one were renamed: Block A (2).',
    ]);
  });

  it('refuses seats without a place, an id or a known category, by name', () => {
    const problems = refusal(
      plan([
        row('1', 0, [
          seat('1', 0, { category: 'Gold' }),
          seat('2', 25, { category: undefined }),
          seat('3', 50, { position: undefined }),
          seat('4', 50, { seat_guid: '' }),
          seat('5', 75, { seat_guid: 'a\0' }),
          { ...seat('6', 100), position: { x: '1', y: 1e7 } },
          7 as unknown as object,
          seat('8', 0, { wheelchair: 'yes' }),
        ]),
      ]),
    );
    const at = (i: number, key: string) => `document.zones[0].rows[0].seats[${i}]${key}`;
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        at(0, '.category'),
        at(1, '.category'),
        at(2, '.position'),
        at(3, '.seat_guid'),
        at(4, '.seat_guid'),
        at(5, '.position.x'),
        at(5, '.position.y'),
        at(6, ''),
        at(7, '.wheelchair'),
      ]),
    );
    expect(problems.find(({ path }) => path === at(0, '.category'))?.message).toMatch(
      /^is "Gold", which is not one of the document's categories \(Block D, Row 1, Seat 1, guid guid-\d+\)$/,
    );
  });

  it('refuses documents of another shape, and too large ones, quickly', () => {
    expect(
      refusal({ name: [], size: 5, categories: {}, zones: 'none', standing: 3 }).map(
        ({ path }) => path,
      ),
    ).toEqual([
      'document.categories',
      'document.name',
      'document.size',
      'document.zones',
      'document.standing',
    ]);
    const empty = `[${'{},'.repeat(2_000_000)}{}]`;
    const huge = (zones: string) =>
      refusal(`{"name": "x", "categories": [], "zones": ${zones}}`)[0]?.message;
    expect(huge(empty)).toBe('has 2000001 zones; at most 1000 are possible');
    expect(huge(`[{"rows": [{"seats": ${empty}}]}]`)).toBe(
      'has 2000001 seats; a plan may have at most 100000',
    );
    expect(refusal(plan([])).map(({ message }) => message)).toEqual([
      'has no place that could be sold',
    ]);
    expect(refusal(plan([], { standing: { name: 'x', capacity: 100_001 } }))[0]?.message).toBe(
      'must be at most 100000',
    );
  });

  it('refuses repeated ids with their seats, or renames them', () => {
    const twice = plan([
      row('A', 0, [seat('1', 0, { seat_guid: 'same' }), seat('2', 25)]),
      row('B', 30, [seat('1', 0, { seat_guid: 'same' })]),
    ]);
    expect(refusal(twice)).toEqual([
      {
        path: 'document.zones[0].rows[1].seats[0].seat_guid',
        message:
          '"same" is the seat_guid of 2 seats: Block D, Row A, Seat 1, Block D, Row B, Seat 1 (zones[0].rows[0].seats[0], zones[0].rows[1].seats[0])',
      },
    ]);
    expect(importPlan(twice, 'RENAME').warnings).toEqual([
      '1 seat_guid occurred more than once; their 2 seats were told apart by their order in the document and go by their labels: "same".',
    ]);
  });
});

describe('real pretix plans', () => {
  itWithPlan('pretix/erfurt-riethsporthalle-v2.pretix.json', 'a sports hall', (document) => {
    const { model, warnings } = importPlan(document);
    expect(model.name).toBe('Riethsporthalle Erfurt');
    expect(model.seats.label).toHaveLength(1_252);
    expect(model.sections.map(({ key }) => key)).toEqual([
      'block-d',
      'block-e',
      'block-f',
      'block-a',
      'block-b',
      'block-c',
    ]);
    expect(model.categories.map(({ name }) => name)).toEqual([
      'Kategorie I',
      'Kategorie II',
      'VIP',
    ]);
    expect(model.focalPoint).toBeNull();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^119 seats lie outside/);
    expect(warnings[1]).toMatch(/^248 pairs of seats share a position/);
  });

  itWithPlan('pretix/seatmap-canvas-stadium.json', 'a stadium whose ids repeat', (document) => {
    const problems = refusal(document);
    const told = problems.map(({ message }) => message).join('\n');
    const repeated = new Map<string, number>();
    for (const [, guid] of document.matchAll(/"seat_guid": ?"([^"]+)"/g)) {
      if (guid !== undefined) repeated.set(guid, (repeated.get(guid) ?? 0) + 1);
    }
    const several = [...repeated].filter(([, count]) => count > 1);
    expect(several).toHaveLength(126);
    for (const [guid, count] of several) {
      expect(told).toMatch(new RegExp(`"${guid}" (?:is the seat_guid of |\\()${count} seats`));
    }

    const { model, warnings } = importPlan(document, 'RENAME');
    expect(model.seats.label).toHaveLength(738);
    expect(model.sections.map(({ name }) => name)).toEqual(['Ground floor', 'First Floor']);
    expect(warnings[0]).toMatch(/^126 seat_guids occurred more than once; their 546 seats/);
    expect(warnings[1]).toMatch(/^60 rows had the name of an earlier row/);
  });
});

import { PLAN_LIMITS } from '../../../src/modules/venues/seating-plan.rules';
import { area, chart, importChart, refusal, row, seat, seats } from './seatsio-charts';

describe('a faulty chart', () => {
  it('is refused with all of its faults, each at its place', () => {
    const problems = refusal(
      chart({
        rows: [
          row('A', [seat('1', 0), seat(1, 20), seat('?', 40), seat(null, 60), seat('5', 80)]),
          row('?', [
            seat('1', 0, { y: 20, categoryKey: null }),
            seat('2', 20, { categoryKey: 77 }),
          ]),
          row('A', [seat('5', 100, { categoryKey: '77' })]),
        ],
        tables: [
          { label: 'T', seats: seats(1, { y: 50 }) },
          { label: 'T', seats: seats(1, { y: 60, accessible: 'yes' }) },
        ],
        generalAdmissionAreas: [
          area('T'),
          area('', { categoryKey: {} }),
          area('G', { capacity: 1.5 }),
        ],
        sections: [
          { label: 'S', subChart: { rows: [row('A', seats(1))] } },
          { label: 'S', subChart: { rows: [row('A', seats(1))] } },
        ],
      }),
    );
    const found = Object.fromEntries(
      problems.map(({ path, message }) => [path.replace('document.subChart.', ''), message]),
    );
    expect(found).toEqual({
      'rows[0].seats[1].label':
        '"1" is the label of document.subChart.rows[0].seats[0] already (Row A, Seat 1)',
      'rows[0].seats[2].label':
        'is missing: 2 seats of it have no label, those at 3, 4 (Row A, Seat ?)',
      'rows[1].label': 'is missing: the object has no label (Row ?)',
      'rows[1].seats[0].categoryKey': expect.stringContaining('the seat has no category') as string,
      'rows[1].seats[1].categoryKey': expect.stringContaining(
        'is "77", which is not one of the chart\'s categories, here and on 1 other object',
      ) as string,
      'rows[2].seats[0].label': expect.stringContaining('rows[0].seats[4] already') as string,
      'tables[1].label': expect.stringContaining('tables[0] already') as string,
      'tables[1].seats[0].accessible': expect.stringContaining('true or false') as string,
      'generalAdmissionAreas[0].label': expect.stringContaining('tables[0] already') as string,
      'generalAdmissionAreas[1].label': expect.stringContaining('no label') as string,
      'generalAdmissionAreas[1].categoryKey': expect.stringContaining('a text') as string,
      'generalAdmissionAreas[2].capacity': expect.stringContaining('whole number') as string,
      'sections[1].label': expect.stringContaining('sections[0] already') as string,
    });
  });

  it('is accepted with RENAME where labels are all that is wrong, and told apart', () => {
    const { model, warnings } = importChart(
      chart({
        rows: [row('A', [seat('1', 0), seat('1', 20)]), row('A', [seat('1', 40)])],
        tables: [
          { label: 'T', seats: seats(1, { y: 50 }), bookAsAWhole: true },
          { label: 'T', seats: [seat('2', 90)], bookAsAWhole: true },
        ],
      }),
      'RENAME',
    );
    expect(model.seats.label).toEqual([
      'Hall, Row A, Seat 1',
      'Hall, Row A, Seat 1 (2)',
      'Hall, Row A (2), Seat 1',
      'Hall, Table T, Seat 1',
      'Hall, Table T (2), Seat 2',
    ]);
    expect(model.tables?.map(({ seatCount }) => seatCount)).toEqual([1, 1]);
    expect(warnings.join('\n')).toContain('1 table had the name of an earlier row or table');
  });

  it('is refused by what is missing altogether', () => {
    expect(refusal({}).map(({ path }) => path)).toEqual([
      'document.categories',
      'document.name',
      'document.subChart',
    ]);
    expect(refusal(chart({ rows: [] }))[0]?.message).toContain('no place that could be sold');
  });

  it('is counted before it is read', () => {
    const many = (count: number) => Array.from({ length: count }, () => ({}));
    const told = (sub: object) => refusal(chart(sub)).map(({ message }) => message);
    expect(told({ rows: [{ seats: many(PLAN_LIMITS.places) }], booths: [{}] })).toEqual([
      'has 100001 seats; a plan may have at most 100000',
    ]);
    expect(told({ sections: many(1_000) })[0]).toContain('floors, sections and areas');
    expect(told({ shapes: many(4_000), texts: many(1_001) })[0]).toContain('shapes and texts');
  });

  it('beyond the coordinates of a plan is refused, and so are floors that reach there', () => {
    const far = refusal(
      chart({
        sections: [
          { label: 'S', topLeft: { x: 999_999, y: 0 }, subChart: { rows: [row('A', seats(2))] } },
        ],
      }),
    );
    expect(far[0]?.message).toContain('beyond 1000000');
    const floor = (label: string) => ({ rows: [row(label, [seat('1', 0, { y: 999_999 })])] });
    const floors = refusal(
      chart({}, { subChart: undefined, subChartFloors: [floor('A'), floor('B')] }),
    );
    expect(floors.some(({ message }) => message.includes('reach beyond 1000000'))).toBe(true);
  });

  it('of a thousand tables is drawn as far as a plan may draw', () => {
    const tables = Array.from({ length: 2_600 }, (_, i) => ({
      label: `T${i}`,
      seats: [seat('1', 0, { x: 30 * (i % 50), y: 30 * Math.floor(i / 50) })],
      center: { x: 30 * (i % 50), y: 30 * Math.floor(i / 50) },
      radius: 5,
    }));
    const { model, warnings } = importChart(chart({ tables }));
    expect(model.tables).toHaveLength(2_600);
    expect(model.shapes).toHaveLength(5_000);
    expect(warnings).toEqual([
      'A plan draws at most 5000 shapes; 200 more were left out (their seats were not).',
    ]);
  });
});

/** Best available on a chart with tables that somebody else drew. */
import { proposeBest } from '../../../src/modules/seats/best-available.rules';
import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import { itWithPlan } from '../venues/real-plans';
import { eventOn, tornTables } from './small-plans';

itWithPlan(
  'seatsio/sampleChartWithTables.json',
  'whole tables go to parties of their size',
  (document) => {
    const { model } = importSeatingPlanDocument('SEATSIO', document, { duplicateSeats: 'REJECT' });
    const layout = parseGeometry(geometryJson('tables', model));
    const whole = layout.tables.filter(({ wholeTable }) => wholeTable);
    expect(whole.map(({ seatCount }) => seatCount)).toEqual([6]);
    const [table] = whole;
    const ofTable = (no: number): boolean => layout.wholeTableOf(no) === table;
    const ask = (quantity: number) =>
      proposeBest({
        ...eventOn(layout, () => true),
        quantity,
        accessible: 0,
        adjacentOnly: true,
        proposals: layout.seatCount,
      });
    const atTable = ask(6).filter(({ nos }) => nos.some(ofTable));
    expect(atTable).toHaveLength(1);
    expect(atTable[0]).toMatchObject({ tier: 1 });
    expect(atTable[0]?.nos.every(ofTable)).toBe(true);
    expect(atTable[0]?.reasons[0]).toContain(`The whole of table ${table?.name ?? ''}`);
    for (const quantity of [1, 2, 3, 4, 5]) {
      const proposals = ask(quantity);
      expect(proposals.length).toBeGreaterThan(0);
      expect(proposals.flatMap(({ nos }) => tornTables(layout, nos))).toEqual([]);
      expect(proposals.flatMap(({ nos }) => nos).filter(ofTable)).toEqual([]);
    }
  },
);

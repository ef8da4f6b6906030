import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import { arenaPlan } from '../../../src/tools/demo-plans/arena';
import { festivalPlan, limitedPlan } from '../../../src/tools/demo-plans/halls';

const model = (document: unknown) =>
  importSeatingPlanDocument('USHER', JSON.stringify(document), { duplicateSeats: 'REJECT' }).model;

describe('geometry', () => {
  it('has the keys and columns of the contract', () => {
    const geometry = JSON.parse(geometryJson('plan-1', model(limitedPlan()))) as Record<
      string,
      unknown
    >;
    expect(geometry).toMatchObject({
      id: 'plan-1',
      name: 'Studio',
      size: { width: expect.any(Number) as number, height: expect.any(Number) as number },
      categories: [{ key: 'standard', name: 'Standard', color: '#b0413e' }],
      sections: [{ key: 'front-row', name: 'Front row', generalAdmission: false }],
      seats: {
        label: ['Front row, Row A, Seat 1', 'Front row, Row A, Seat 2'],
        section: [0, 0],
        row: ['A', 'A'],
        number: ['1', '2'],
        category: [0, 0],
        accessible: [0, 0],
      },
    });
    expect(geometry['shapes']).toHaveLength(2);
  });

  it('comes back whole', () => {
    const arena = model(arenaPlan());
    const layout = parseGeometry(geometryJson('plan-2', arena));
    expect(layout).toMatchObject({
      id: 'plan-2',
      name: 'Arena',
      size: arena.size,
      focalPoint: arena.focalPoint,
    });
    expect(layout.seatCount).toBe(arena.seats.label.length);
    for (const column of [
      'label',
      'section',
      'row',
      'number',
      'x',
      'y',
      'category',
      'accessible',
    ] as const) {
      expect(Array.from<unknown>(layout[column])).toEqual(arena.seats[column]);
    }
    expect(layout.shapes).toEqual(arena.shapes);
  });

  it('knows where sections and rows begin', () => {
    const { sections, section, row, seatCount } = parseGeometry(
      geometryJson('x', model(arenaPlan())),
    );
    let next = 0;
    sections.forEach((one, index) => {
      expect(one.firstNo).toBe(next);
      expect(section.slice(next, next + one.seatCount).every((of) => of === index)).toBe(true);
      if (!one.generalAdmission) {
        expect(one.rows.reduce((sum, { seatCount: inRow }) => sum + inRow, 0)).toBe(one.seatCount);
        for (const { name, firstNo, seatCount: inRow } of one.rows) {
          expect(new Set(row.slice(firstNo, firstNo + inRow))).toEqual(new Set([name]));
        }
      }
      next += one.seatCount;
    });
    expect(next).toBe(seatCount);
    expect(parseGeometry(geometryJson('x', model(festivalPlan()))).sections).toMatchObject([
      { key: 'field', firstNo: 0, seatCount: 200, rows: [] },
    ]);
  });

  it('refuses columns that do not belong together', () => {
    const json = geometryJson('x', model(limitedPlan()));
    expect(() => parseGeometry(json.replace('"number":["1","2"]', '"number":["1"]'))).toThrow(
      'column number has 1',
    );
    expect(() => parseGeometry(json.replace('"section":[0,0]', '"section":[0,1]'))).toThrow(
      'does not exist',
    );
  });
});

import * as fc from 'fast-check';
import {
  blocksOf,
  focalPointOf,
  type SeatBlocks,
} from '../../../src/modules/seats/seat-blocks.rules';
import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import { arenaPlan } from '../../../src/tools/demo-plans/arena';
import { theatrePlan } from '../../../src/tools/demo-plans/theatre';
import { neighbourBlocks, planOf, smallEvents } from './small-plans';

function seatsByBlock(blocks: SeatBlocks): number[][] {
  return Array.from({ length: blocks.blockCount }, (_, block) => [
    ...blocks.noAt.subarray(blocks.starts[block], blocks.starts[block + 1]),
  ]);
}

const imported = (document: unknown) =>
  parseGeometry(
    geometryJson(
      'plan',
      importSeatingPlanDocument('USHER', JSON.stringify(document), { duplicateSeats: 'REJECT' })
        .model,
    ),
  );

describe('row blocks', () => {
  it('end at aisles and rows, and leave out areas', () => {
    const blocks = blocksOf(planOf([['..._....', '.......'], 5, ['..']]));
    expect(seatsByBlock(blocks)).toEqual([
      [0, 1, 2],
      [3, 4, 5, 6],
      [7, 8, 9, 10, 11, 12, 13],
      [19, 20],
    ]);
    expect([...blocks.positionOf.subarray(14, 19)]).toEqual([-1, -1, -1, -1, -1]);
    expect(blocks.areas).toMatchObject([{ section: 1, firstNo: 14, seatCount: 5 }]);
    expect(blocks.seatGap).toBe(25);
  });

  it('do not take an aisle for a seat gap where few seats tell', () => {
    const blocks = blocksOf(planOf([['......', '._.', '......']]));
    expect(seatsByBlock(blocks).map((nos) => nos.length)).toEqual([6, 1, 1, 6]);
  });

  /** Moves the seats of a one-row plan: `x` by `no`. */
  const rowAt = (xs: number[], ys: number[] = xs.map(() => 100)) => {
    const layout = planOf([['.'.repeat(xs.length)]]);
    layout.x.set(xs);
    layout.y.set(ys);
    return seatsByBlock(blocksOf(layout));
  };

  it('order seats by where they stand: pieces, and odd and even numbers', () => {
    expect(rowAt([300, 325, 350, 100, 125, 150])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(rowAt([175, 200, 225, 100, 125, 150])).toEqual([[2, 1, 0, 5, 4, 3]]);
    expect(rowAt([200, 225, 175, 250, 150, 275])).toEqual([[4, 2, 0, 1, 3, 5]]);
  });

  it('keep wheelchair places beside their neighbours', () => {
    expect(rowAt([100, 138, 176, 201, 226, 251])).toEqual([[0, 1, 2, 3, 4, 5]]);
  });

  it('follow a row that bends right round', () => {
    const angles = Array.from({ length: 24 }, (_, i) => (i * 300 * Math.PI) / 180 / 23);
    const seats = rowAt(
      angles.map((angle) => 500 + 110 * Math.cos(angle)),
      angles.map((angle) => 500 + 110 * Math.sin(angle)),
    );
    expect(seats).toEqual([Array.from({ length: 24 }, (_, i) => i)]);
  });

  it('bear seats on one spot', () => {
    expect(rowAt([100, 100, 100])).toEqual([[0, 1, 2]]);
  });

  it('know their neighbours: across an aisle, before and behind, in their section only', () => {
    const blocks = blocksOf(planOf([['...._....', '...._....', '...._....'], ['.........']]));
    expect(neighbourBlocks(blocks, 0)).toEqual([1, 2, 3]);
    expect(neighbourBlocks(blocks, 2)).toEqual([0, 1, 3, 4, 5]);
    expect(neighbourBlocks(blocks, 6)).toEqual([]);
  });

  it('hold each seat of rows once, one section and row a block, in any plan', () => {
    fc.assert(
      fc.property(smallEvents, ({ layout }) => {
        const blocks = blocksOf(layout);
        const seated = Array.from({ length: layout.seatCount }, (_, no) => no).filter(
          (no) => layout.row[no] !== null,
        );
        expect([...blocks.noAt].sort((a, b) => a - b)).toEqual(seated);
        seatsByBlock(blocks).forEach((nos, block) => {
          expect(new Set(nos.map((no) => layout.section[no]))).toEqual(
            new Set([blocks.sectionOf[block]]),
          );
          expect(new Set(nos.map((no) => layout.row[no])).size).toBe(1);
        });
        seated.forEach((no) => expect(blocks.noAt[blocks.positionOf[no] ?? -1]).toBe(no));
        blocks.neighbours.forEach((others, block) => {
          for (const other of others) expect(neighbourBlocks(blocks, other)).toContain(block);
        });
      }),
    );
  });

  it('are those of the theatre: three pieces a row in the stalls, five in the circle, boxes whole', () => {
    const layout = imported(theatrePlan());
    const sizes = seatsByBlock(blocksOf(layout));
    expect(sizes).toHaveLength(16 * 3 + 9 * 5 + 16);
    expect(sizes.filter((nos) => nos.length === 4)).toHaveLength(16);
  });

  it('are the rows of the arena, whose blocks have no aisles inside', () => {
    const layout = imported(arenaPlan());
    const blocks = blocksOf(layout);
    expect(blocks.blockCount).toBe(
      layout.sections.reduce((sum, section) => sum + section.rows.length, 0),
    );
    expect(blocks.areas).toHaveLength(2);
  });
});

describe('the focal point', () => {
  const layout = planOf([['....', '....']]);
  const rectangle = { kind: 'rectangle', width: 40, height: 20, rotation: 0 } as const;
  const look = { fill: null, stroke: null } as const;

  it('is the one of the plan, else the middle of the stage, else of the front', () => {
    const stage = { ...rectangle, ...look, x: 0, y: 10, role: 'stage' } as const;
    const bar = { ...rectangle, ...look, x: 900, y: 10, role: 'decoration' } as const;
    expect(focalPointOf({ ...layout, focalPoint: { x: 1, y: 2 }, shapes: [stage] })).toEqual({
      x: 1,
      y: 2,
    });
    expect(focalPointOf({ ...layout, shapes: [bar, stage] })).toEqual({ x: 20, y: 20 });
    expect(focalPointOf({ ...layout, shapes: [bar] })).toEqual({ x: 137.5, y: 100 });
  });

  it('is what closeness counts from', () => {
    const { closeness } = blocksOf(planOf([['...', '...']], { x: 125, y: 0 }));
    expect(closeness[1]).toBe(1);
    expect(Math.min(...closeness)).toBe(0);
    expect(closeness[3]).toBe(0);
    expect(closeness[4]).toBeGreaterThan(closeness[5] ?? 1);
  });
});

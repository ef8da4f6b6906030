import * as fc from 'fast-check';
import { alternativesFor } from '../../../src/modules/seats/alternatives.rules';
import { orphansAgainstRule } from '../../../src/modules/seats/orphan.rules';
import {
  eventOn,
  freeWhere,
  planOf,
  runsOf,
  smallEvents,
  tornTables,
  type SectionText,
} from './small-plans';

function ask(sections: readonly SectionText[], row: string, wanted: number[], count = 3) {
  return { ...eventOn(planOf(sections), freeWhere(row)), wanted, count };
}

describe('alternatives to lost seats', () => {
  it('are as many side by side, nearest first', () => {
    expect(alternativesFor(ask([['..........']], 'ooooxooooo', [3, 4]))).toEqual([
      [2, 3],
      [5, 6],
      [0, 1],
    ]);
    expect(alternativesFor(ask([['..........']], 'ooooxooooo', [3, 4], 1))).toEqual([[2, 3]]);
  });

  it('look to the next row before the far end of the own one', () => {
    const rows = ['.......', '.......'];
    expect(alternativesFor(ask([rows], 'xxxxxoo' + 'ooxxxxx', [0, 1]))[0]).toEqual([7, 8]);
  });

  it('keep what is still free, and replace what is lost', () => {
    const rows = ['......', '......'];
    expect(alternativesFor(ask([rows], 'ooxooo' + 'xxxooo', [0, 1, 7, 8], 1))).toEqual([
      [0, 1, 9, 10],
    ]);
  });

  it('replace lone seats one by one', () => {
    expect(alternativesFor(ask([['.......']], 'xoooxoo', [0, 4]))).toEqual([
      [1, 3],
      [2, 5],
    ]);
  });

  it('have the same categories, and accessible places only for accessible ones', () => {
    expect(alternativesFor(ask([['..bb', '..bb']], 'xxxx' + 'oooo', [1, 2]))).toEqual([[5, 6]]);
    expect(alternativesFor(ask([['.w', '.w', '..']], 'xx' + 'oo' + 'oo', [0]))).toEqual([
      [2],
      [4],
      [5],
    ]);
    expect(alternativesFor(ask([['.w', '.w', '..']], 'xx' + 'oo' + 'oo', [0, 1]))).toEqual([
      [2, 3],
    ]);
  });

  it('take nobody’s companion’s seat, and give one for one', () => {
    expect(alternativesFor(ask([['.wc..']], 'xoooo', [0]))).toEqual([[3], [4]]);
    expect(alternativesFor(ask([['wc', 'wc', 'w.']], 'xx' + 'oo' + 'oo', [0, 1]))).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });

  it('offer a whole table for a whole table, and never part of one', () => {
    const rows = ['T...', 'T....', 'T...', '...'];
    expect(alternativesFor(ask([rows], 'xoo' + 'oooo' + 'ooo' + 'ooo', [0, 1, 2]))).toEqual([
      [7, 8, 9],
      [10, 11, 12],
    ]);
    expect(alternativesFor(ask([rows], 'ooo' + 'oooo' + 'ooo' + 'xoo', [10, 11]))).toEqual([
      [11, 12],
    ]);
  });

  it('offer other places of an area, and another area where it is full', () => {
    expect(alternativesFor(ask([4, 4], 'xooo' + 'oooo', [0, 1], 2))).toEqual([
      [1, 2],
      [4, 5],
    ]);
  });

  it('never repeat the wanted seats when the caller does not know what is lost', () => {
    expect(alternativesFor(ask([['......']], 'oooooo', [0, 1]))).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });

  it('leave out what is not for sale', () => {
    const question = ask([['......']], 'xooooo', [0]);
    expect(alternativesFor({ ...question, sellable: (no) => no > 3 })).toEqual([[4], [5]]);
    expect(alternativesFor({ ...question, sellable: () => false })).toEqual([]);
  });

  it('pass the rule that a selection is judged by', () => {
    const question = ask([['..........']], 'oooxoxooxo', [5]);
    expect(alternativesFor(question)).toEqual([[4], [6], [7]]);
    // 6 and 7 would leave each other alone.
    expect(alternativesFor({ ...question, passes: ruleOf(question) })).toEqual([[4], [2], [9]]);
  });

  it('are none for a sold-out house, no seats, or a party in too many pieces', () => {
    expect(alternativesFor(ask([['....']], 'xxxx', [0]))).toEqual([]);
    expect(alternativesFor(ask([['....']], 'oooo', []))).toEqual([]);
    const lone = Array.from({ length: 21 }, (_, i) => 2 * i);
    const question = ask([['.'.repeat(42), '.'.repeat(42)]], 'x'.repeat(42) + 'o'.repeat(42), lone);
    expect(alternativesFor(question)).toEqual([]);
    expect(alternativesFor({ ...question, wanted: lone.slice(1) })).toHaveLength(2);
  });
});

/** As the orphan rule judges. */
function ruleOf(event: ReturnType<typeof eventOn>): (nos: readonly number[]) => boolean {
  return (nos) => {
    const categories = new Set(nos.map(event.categoryOf));
    const mayTake = (no: number): boolean => categories.has(event.categoryOf(no));
    return orphansAgainstRule({ ...event, taken: nos, mayTake }).length === 0;
  };
}

const questions = smallEvents.chain(({ layout, free }) =>
  fc.record({
    event: fc.constant(eventOn(layout, (no) => free[no] === true)),
    wanted: fc.uniqueArray(fc.integer({ min: 0, max: layout.seatCount - 1 }), { maxLength: 6 }),
    length: fc.integer({ min: 1, max: 5 }),
    contiguous: fc.boolean(),
    ruled: fc.boolean(),
    count: fc.integer({ min: 0, max: 4 }),
  }),
);

describe('alternatives, whatever was wanted,', () => {
  const sorted = (values: number[]): number[] => [...values].sort((a, b) => a - b);

  it('are free seats of the same number, categories and access, as much side by side', () => {
    let offered = 0;
    fc.assert(
      fc.property(questions, ({ event, wanted, count, contiguous, length, ruled }) => {
        const { layout, blocks, isFree, categoryOf } = event;
        const first = blocks.positionOf[wanted[0] ?? 0] ?? -1;
        const nos =
          contiguous && first >= 0 ? [...blocks.noAt.subarray(first, first + length)] : wanted;
        const passes = ruled ? ruleOf(event) : undefined;
        const alternatives = alternativesFor({ ...event, wanted: nos, count, passes });
        expect(alternatives.every((each) => passes?.(each) ?? true)).toBe(true);
        expect(alternatives.length).toBeLessThanOrEqual(count);
        expect(new Set(alternatives.map(String)).size).toBe(alternatives.length);
        const lengths = (of: number[]): number[] =>
          sorted(
            runsOf(
              blocks,
              of.filter((no) => (blocks.positionOf[no] ?? -1) >= 0),
            ).map((run) => run.length),
          );
        for (const alternative of alternatives) {
          offered += 1;
          expect(alternative.every(isFree)).toBe(true);
          expect(alternative).toEqual(sorted([...new Set(alternative)]));
          expect(alternative).not.toEqual(sorted(nos));
          expect(sorted(alternative.map(categoryOf))).toEqual(sorted(nos.map(categoryOf)));
          const accessible = (of: number[]): number =>
            of.filter((no) => layout.accessible[no] === 1).length;
          expect(accessible(alternative)).toBe(accessible(nos));
          const companions = (of: number[]): number =>
            of.filter((no) => layout.companion[no] === 1).length;
          expect(companions(alternative)).toBeLessThanOrEqual(companions(nos));
          const torn = (of: number[]): boolean => tornTables(layout, of).length > 0;
          if (!torn(nos)) expect(torn(alternative)).toBe(false);
          // What comes instead of a table may be one that stands round an aisle.
          if (nos.some((no) => layout.wholeTableOf(no) !== undefined)) continue;
          // Pieces may come to lie side by side and count as one then; they are never torn.
          const [before, after] = [lengths(nos), lengths(alternative)];
          expect(after.length).toBeLessThanOrEqual(before.length);
          expect(after.at(-1) ?? 0).toBeGreaterThanOrEqual(before.at(-1) ?? 0);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(offered).toBeGreaterThan(50);
  });

  it('begin with the nearest range there is, by trying all', () => {
    let offered = 0;
    fc.assert(
      fc.property(questions, ({ event, wanted, length, ruled }) => {
        const { layout, blocks, isFree, categoryOf } = event;
        const start = blocks.positionOf[wanted[0] ?? 0] ?? -1;
        if (start < 0) return;
        const nos = [...blocks.noAt.subarray(start, start + length)];
        const ofTable = (no: number): boolean => layout.wholeTableOf(no) !== undefined;
        const passes = ruled ? ruleOf(event) : undefined;
        if (runsOf(blocks, nos).length !== 1 || nos.every(isFree) || nos.some(ofTable)) return;
        const companions = (of: number[]): number =>
          of.filter((no) => layout.companion[no] === 1).length;
        const like = (of: number[]): string =>
          String(sorted(of.map((no) => 2 * categoryOf(no) + (layout.accessible[no] ?? 0))));
        const middle = (of: number[]): [number, number] => [
          of.reduce((sum, no) => sum + (layout.x[no] ?? 0) / of.length, 0),
          of.reduce((sum, no) => sum + (layout.y[no] ?? 0) / of.length, 0),
        ];
        const [x, y] = middle(nos);
        const distances = Array.from(blocks.noAt).flatMap((_, first) => {
          const range = [...blocks.noAt.subarray(first, first + nos.length)];
          const fits = range.length === nos.length && runsOf(blocks, range).length === 1;
          if (!fits || !range.every(isFree) || like(range) !== like(nos)) return [];
          if (range.some(ofTable) || companions(range) > companions(nos)) return [];
          if (passes?.(range) === false) return [];
          const [rangeX, rangeY] = middle(range);
          return [Math.hypot(rangeX - x, rangeY - y)];
        });
        const [nearest] = alternativesFor({ ...event, wanted: nos, count: 1, passes });
        expect(nearest === undefined).toBe(distances.length === 0);
        if (nearest === undefined) return;
        offered += 1;
        const [nearestX, nearestY] = middle(nearest);
        expect(Math.hypot(nearestX - x, nearestY - y)).toBeCloseTo(Math.min(...distances), 6);
      }),
      { numRuns: 2_000 },
    );
    expect(offered).toBeGreaterThan(20);
  });
});

import * as fc from 'fast-check';
import {
  orphansAgainstRule,
  orphansLeft,
  pairsBeside,
} from '../../../src/modules/seats/orphan.rules';
import { eventOn, freeWhere, planOf } from './small-plans';

/** A row as in `oox`, and the seats chosen from it. */
function ask(row: string, taken: number[], plan = '.'.repeat(row.length)) {
  return { ...eventOn(planOf([[plan]]), freeWhere(row)), taken };
}

describe('orphans left by a selection', () => {
  it.each([
    ['between the chosen and the end of the row', 'oooooo', [1, 2], [0]],
    ['between the chosen and a taken seat', 'ooooxo', [1, 2], [0, 3]],
    ['between two chosen seats', 'oooooo', [0, 2], [1]],
    ['none when two stay free together', 'oooooo', [2, 3], []],
    ['none when all is taken', 'ooo', [0, 1, 2], []],
    ['none where a seat was single before', 'oxoo', [2, 3], []],
    ['none where nothing is taken', 'oooo', [], []],
  ])('%s', (_, row, taken, orphans) => {
    expect(orphansLeft(ask(row, taken))).toEqual(orphans);
  });

  it('knows an aisle for an end', () => {
    const question = { ...eventOn(planOf([['..._...']]), () => true), taken: [1, 4] };
    expect(orphansLeft({ ...question, taken: [0, 1] })).toEqual([2]);
    expect(orphansLeft({ ...question, taken: [4, 5] })).toEqual([3]);
    expect(orphansLeft({ ...question, taken: [2, 3] })).toEqual([]);
  });

  it('never counts an accessible place, nor places of an area', () => {
    expect(orphansLeft(ask('ooo', [1, 2], 'w..'))).toEqual([]);
    expect(orphansLeft({ ...eventOn(planOf([5]), () => true), taken: [1, 3] })).toEqual([]);
  });
});

describe('what a verdict rests on', () => {
  it('breaks exactly where what others take meanwhile makes an orphan', () => {
    const seats = fc.array(fc.constantFrom('free', 'free', 'taken', 'chosen', 'meanwhile'), {
      minLength: 12,
      maxLength: 12,
    });
    let broken = 0;
    fc.assert(
      fc.property(seats, (states) => {
        const plan = planOf([['......', '.w._..', '.']]);
        const nosWith = (...wanted: string[]): number[] =>
          states.flatMap((state, no) => (wanted.includes(state) ? [no] : []));
        const taken = nosWith('chosen');
        const question = { ...eventOn(plan, (no) => states[no] !== 'taken'), taken };
        const gone = new Set(nosWith('taken', 'meanwhile'));
        const before = orphansLeft(question);
        const after = orphansLeft({ ...question, isFree: (no) => !gone.has(no) });
        const { near, far } = pairsBeside(question);
        const isBroken = near.some((no, i) => !gone.has(no) && gone.has(far[i] ?? -1));
        if (isBroken) broken += 1;
        expect(after.some((no) => !before.includes(no))).toBe(isBroken);
      }),
      { numRuns: 1_000 },
    );
    expect(broken).toBeGreaterThan(0);
  });
});

describe('the orphan rule', () => {
  it.each([
    ['refuses what could be chosen otherwise', 'ooooo', [1, 2], [0]],
    ['forgives the last way to seat so many', 'ooox', [0, 1], []],
    ['forgives a couple that could only sit apart instead', 'oooxoxo', [0, 1], []],
    ['refuses who chose two apart and could have taken two single seats', 'oooxoxo', [0, 2], [1]],
    ['forgives one of the last two', 'oo', [0], []],
    ['refuses one of two where a single seat is there', 'ooxo', [0], [1]],
  ])('%s', (_, row, taken, refused) => {
    expect(orphansAgainstRule(ask(row, taken))).toEqual(refused);
  });

  it('judges each row block by itself', () => {
    const event = eventOn(planOf([['...', '.....']]), () => true);
    expect(orphansAgainstRule({ ...event, taken: [0, 1, 4, 5] })).toEqual([3]);
  });

  it('asks only for what the buyer may take', () => {
    const question = ask('ooooo', [1, 2], 'b..bb');
    const mayTake = (no: number): boolean => question.layout.category[no] === 0;
    expect(orphansAgainstRule(question)).toEqual([0]);
    expect(orphansAgainstRule({ ...question, mayTake })).toEqual([]);
  });

  it('lets whoever needs an accessible place choose freely', () => {
    expect(orphansAgainstRule(ask('oooo', [1, 2], '..w.'))).toEqual([]);
    expect(orphansAgainstRule(ask('oooo', [1, 2]))).toEqual([0, 3]);
  });

  // The rule as the head of orphan.rules has it, by trying every selection.
  const rows = fc
    .array(fc.record({ kind: fc.constantFrom('.', '.', 'b', 'w'), free: fc.boolean() }), {
      minLength: 1,
      maxLength: 10,
    })
    .chain((seats) => {
      const open = seats.flatMap(({ free }, i) => (free ? [i] : []));
      return fc.record({
        seats: fc.constant(seats),
        taken: fc.subarray(open),
        categoryOnly: fc.boolean(),
      });
    });

  const oracleOrphans = (free: boolean[], kinds: string[], taken: Set<number>): number[] =>
    free.flatMap((isFree, i) => {
      const empty = (at: number): boolean => free[at] === true && !taken.has(at);
      const single = isFree && !empty(i - 1) && !empty(i + 1) && empty(i);
      const wasSingle = free[i - 1] !== true && free[i + 1] !== true;
      return single && !wasSingle && kinds[i] !== 'w' ? [i] : [];
    });
  const pieces = (taken: Set<number>): number => [...taken].filter((i) => !taken.has(i - 1)).length;

  it('is what trying all selections finds', () => {
    let refusals = 0;
    let forgiven = 0;
    fc.assert(
      fc.property(rows, ({ seats, taken, categoryOnly }) => {
        const kinds = seats.map(({ kind }) => kind);
        const free = seats.map((seat) => seat.free);
        const event = eventOn(planOf([[kinds.join('')]]), (no) => free[no] === true);
        const may = (i: number): boolean => !categoryOnly || kinds[i] !== 'b';
        const orphans = oracleOrphans(free, kinds, new Set(taken));
        let otherWay = false;
        for (let bits = 0; bits < 1 << free.length && !otherWay; bits += 1) {
          const other = free.flatMap((_, i) => ((bits >> i) & 1 ? [i] : []));
          const chosen = new Set(other);
          otherWay =
            other.length === taken.length &&
            other.every((i) => free[i] === true && kinds[i] !== 'w' && may(i)) &&
            pieces(chosen) <= pieces(new Set(taken)) &&
            oracleOrphans(free, kinds, chosen).length === 0;
        }
        const accessible = taken.some((i) => kinds[i] === 'w');
        const expected = otherWay && !accessible ? orphans : [];
        if (expected.length > 0) refusals += 1;
        else if (orphans.length > 0) forgiven += 1;
        expect(orphansLeft({ ...event, taken })).toEqual(orphans);
        expect(orphansAgainstRule({ ...event, taken, mayTake: may })).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
    // Both answers have to have been given for this to have shown anything.
    expect(refusals).toBeGreaterThan(10);
    expect(forgiven).toBeGreaterThan(10);
  });
});

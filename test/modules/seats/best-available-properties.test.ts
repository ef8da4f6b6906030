/** What holds for every proposal, on drawn plans and parties. */
import * as fc from 'fast-check';
import {
  proposeBest,
  type BestAvailableQuestion,
  type Proposal,
} from '../../../src/modules/seats/best-available.rules';
import { besideOf, scoreOf } from '../../../src/modules/seats/party.rules';
import { orphansAgainstRule, orphansLeft } from '../../../src/modules/seats/orphan.rules';
import { eventOn, neighbourBlocks, planOf, runsOf, smallEvents, tornTables } from './small-plans';

const questions = smallEvents.chain(({ layout, free }) =>
  fc
    .record({
      quantity: fc.integer({ min: 1, max: 8 }),
      accessible: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        fc.integer({ min: 0, max: 3 }),
      ),
      adjacentOnly: fc.boolean(),
      proposals: fc.integer({ min: 1, max: 4 }),
      categoryNos: fc.option(fc.constantFrom(new Set([0]), new Set([0, 2]), new Set([1])), {
        nil: undefined,
      }),
      sectionIndexes: fc.option(fc.constantFrom(new Set([0]), new Set([1])), { nil: undefined }),
      seed: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
      unsold: fc.constantFrom(-1, -1, 0, 1),
    })
    .map(({ seed, unsold, ...wish }) => {
      let state = seed ?? 0;
      const event = eventOn(layout, (no) => free[no] === true);
      return {
        free,
        question: {
          ...event,
          ...wish,
          accessible: Math.min(wish.accessible, wish.quantity),
          sellable: (no: number) => layout.category[no] !== unsold,
          random:
            seed === undefined
              ? undefined
              : () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647,
        },
      };
    }),
);

/** What a party may have, in words of its own. */
function openTo({
  layout,
  isFree,
  sellable,
  accessible,
  ...wish
}: BestAvailableQuestion): number[] {
  return Array.from({ length: layout.seatCount }, (_, no) => no).filter(
    (no) =>
      isFree(no) &&
      sellable(no) &&
      (wish.categoryNos?.has(layout.category[no] ?? -1) ?? true) &&
      (wish.sectionIndexes?.has(layout.section[no] ?? -1) ?? true) &&
      (accessible > 0 || layout.accessible[no] === 0),
  );
}

interface Choices {
  /** All that a party side by side could have. */
  ranges: number[][];
  /** A range, an area with room, or a table of just that size. */
  together: boolean;
  /** Tables and single places add up to the party. */
  enough: boolean;
}

/** By trying all; `keeping` companions' seats for whoever has the accessible place beside. */
function choicesOf(question: BestAvailableQuestion, keeping: boolean): Choices {
  const { layout, blocks, quantity, accessible } = question;
  const isAccessible = (no: number): boolean => layout.accessible[no] === 1;
  const isKept = (no: number): boolean =>
    keeping && layout.companion[no] === 1 && !isAccessible(no);
  const open = openTo(question).filter((no) => accessible > 0 || !isKept(no));
  const isOpen = new Set(open);
  const tables = layout.tables
    .map(({ firstNo, seatCount }) => Array.from({ length: seatCount }, (_, i) => firstNo + i))
    .filter((nos) => nos.every((no) => isOpen.has(no)))
    .map((nos) => ({ seats: nos.length, accessible: nos.filter(isAccessible).length }));
  const single = open.filter((no) => layout.wholeTableOf(no) === undefined);
  const isSingle = new Set(single);
  const ranges = Array.from(blocks.noAt, (_, first) => [
    ...blocks.noAt.subarray(first, first + quantity),
  ]).filter(
    (nos) =>
      nos.length === quantity &&
      nos.every((no) => isSingle.has(no)) &&
      runsOf(blocks, nos).length === 1 &&
      nos.filter(isAccessible).length === accessible &&
      nos
        .filter(isKept)
        .every((no) =>
          besideOf(blocks, no).some((seat) => nos.includes(seat) && isAccessible(seat)),
        ),
  );
  const area =
    accessible === 0 &&
    blocks.areas.some(
      ({ section }) => open.filter((no) => layout.section[no] === section).length >= quantity,
    );
  const ordinary = single.filter((no) => !isAccessible(no) && !isKept(no)).length;
  const wheelchairs = single.filter(isAccessible).length;
  let enough = false;
  for (let bits = 0; bits < 1 << tables.length; bits += 1) {
    let [seats, people] = [accessible, quantity - accessible];
    tables.forEach((table, i) => {
      if (((bits >> i) & 1) === 0) return;
      seats -= table.accessible;
      people -= table.seats - table.accessible;
    });
    enough ||= seats >= 0 && seats <= wheelchairs && people >= 0 && people <= ordinary;
  }
  const table = tables.some((each) => each.seats === quantity && each.accessible === accessible);
  return { ranges, together: ranges.length > 0 || area || table, enough };
}

/** 1: together, 2: split with nobody alone, 3: anyhow, 4: not at all. What no free seat may make worse. */
function standing(proposals: readonly Proposal[]): number {
  const tier = proposals[0]?.tier;
  return tier === undefined ? 4 : Math.max(1, tier - 1);
}

const RUNS = { numRuns: 1_000 };

describe('a proposal, whatever the plan and the party,', () => {
  it('has the right number of free, allowed seats, and shares none with another', () => {
    fc.assert(
      fc.property(questions, ({ question }) => {
        const proposals = proposeBest(question);
        const open = new Set(openTo(question));
        const nos = proposals.flatMap((proposal) => proposal.nos);
        expect(nos.filter((no) => !open.has(no))).toEqual([]);
        expect(new Set(nos).size).toBe(nos.length);
        expect(proposals.length).toBeLessThanOrEqual(question.proposals);
        for (const proposal of proposals) {
          expect(proposal.nos).toHaveLength(question.quantity);
          expect(proposal.nos).toEqual([...proposal.nos].sort((a, b) => a - b));
          const accessible = proposal.nos.filter((no) => question.layout.accessible[no] === 1);
          expect(accessible).toHaveLength(question.accessible);
          expect(tornTables(question.layout, proposal.nos)).toEqual([]);
          expect(proposal.reasons.length).toBeGreaterThan(1);
        }
      }),
      RUNS,
    );
  });

  it('scores between 0 and 1, in its tier, best first', () => {
    fc.assert(
      fc.property(questions, ({ question }) => {
        const proposals = proposeBest(question);
        const scores = proposals.map(({ score }) => score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
        for (const { score, tier } of proposals) {
          expect(score).toBeGreaterThanOrEqual((4 - tier) / 4);
          expect(score).toBeLessThanOrEqual((5 - tier) / 4);
        }
      }),
      RUNS,
    );
  });

  it('stays in its tier where rounding makes its seats better than the best', () => {
    const quality = { closeness: 1 + 4 * Number.EPSILON, togetherness: 1, orphans: 0 };
    expect(scoreOf(1, quality)).toBe(1);
    expect(scoreOf(2, quality)).toBe(0.75);
  });

  it('is what its tier says', () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(questions, ({ question }) => {
        const { blocks, layout } = question;
        for (const { nos, tier, adjacent } of proposeBest(question)) {
          seen.add(tier);
          expect(adjacent).toBe(tier <= 2 || nos.length === 1);
          const standing = nos.every((no) => blocks.positionOf[no] === -1);
          const runs = runsOf(blocks, nos);
          const tables = new Set(nos.map((no) => layout.wholeTableOf(no)));
          if (tier <= 3 && !tables.has(undefined)) {
            expect(tables.size === 1).toBe(tier === 1);
            expect([...tables].every((table) => (table?.seatCount ?? 0) >= 2)).toBe(nos.length > 1);
            expect(new Set(nos.map((no) => layout.section[no])).size).toBe(1);
          } else if (tier <= 2 && standing) {
            expect(new Set(nos.map((no) => layout.section[no])).size).toBe(1);
          } else if (tier <= 2) {
            expect(runs).toHaveLength(1);
            const orphans = orphansLeft({ ...question, taken: nos });
            expect(orphans.length === 0 || question.accessible > 0).toBe(tier === 1);
          } else if (tier === 3) {
            expect(Math.min(...runs.map((run) => run.length))).toBeGreaterThanOrEqual(2);
            expect(new Set(nos.map((no) => layout.section[no])).size).toBe(1);
            // Each block is next to another of them: what can be reached from the first is all of them.
            const mine = new Set(runs.map((run) => blocks.blockAt[run[0] ?? 0] ?? -1));
            const reached = new Set([...mine].slice(0, 1));
            for (const block of reached)
              for (const next of neighbourBlocks(blocks, block))
                if (mine.has(next)) reached.add(next);
            expect(reached).toEqual(mine);
          }
        }
        return true;
      }),
      { numRuns: 3_000 },
    );
    expect([...seen].sort()).toEqual([1, 2, 3, 4]);
  });

  it('side by side passes the orphan rule', () => {
    fc.assert(
      fc.property(questions, ({ question }) => {
        const { layout } = question;
        const proposals = proposeBest(question);
        const isKept = (no: number): boolean => layout.companion[no] === 1;
        const kept = !proposals.some(({ nos }) => nos.some(isKept));
        const open = new Set(
          openTo(question).filter(
            (no) => layout.wholeTableOf(no) === undefined && !(kept && isKept(no)),
          ),
        );
        for (const { nos, tier } of proposals) {
          if (tier > 2) continue;
          const mayTake = (no: number): boolean => open.has(no);
          expect(orphansAgainstRule({ ...question, taken: nos, mayTake })).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('comes whenever enough places are free, together whenever a range, an area or a table is', () => {
    fc.assert(
      fc.property(questions, ({ question }) => {
        const keeping = choicesOf(question, true);
        const giving = choicesOf(question, false);
        const [best] = proposeBest(question);
        const { adjacentOnly, accessible } = question;
        const exists = (choices: Choices): boolean =>
          adjacentOnly ? choices.together : choices.together || choices.enough;
        expect(best !== undefined).toBe(exists(keeping) || exists(giving));
        // With an accessible place, a seat kept for a companion may also be what makes a split possible.
        const certain = accessible === 0 || keeping.together || !giving.together;
        const expected = exists(keeping) ? keeping.together : giving.together;
        if (certain) expect(best?.adjacent ?? false).toBe(expected);
      }),
      RUNS,
    );
  });

  it('gives companions’ seats to companions, and to others only where it could not be made otherwise', () => {
    let [given, kept] = [0, 0];
    fc.assert(
      fc.property(questions, ({ question }) => {
        const { layout, blocks, accessible, adjacentOnly } = question;
        const keeping = choicesOf(question, true);
        const possible = keeping.together || (!adjacentOnly && keeping.enough);
        for (const { nos } of proposeBest(question)) {
          const alone = nos.filter(
            (no) =>
              layout.companion[no] === 1 &&
              layout.wholeTableOf(no) === undefined &&
              !besideOf(blocks, no).some(
                (seat) => accessible > 0 && nos.includes(seat) && layout.accessible[seat] === 1,
              ),
          );
          if (possible) expect(alone).toEqual([]);
          if (alone.length > 0) given += 1;
          else if (layout.companion.includes(1)) kept += 1;
        }
      }),
      RUNS,
    );
    expect(given).toBeGreaterThan(0);
    expect(kept).toBeGreaterThan(0);
  });

  it('has a companion’s seat beside the accessible place whenever a range has one', () => {
    let accompanied = 0;
    fc.assert(
      fc.property(questions, fc.integer({ min: 2, max: 4 }), ({ question }, quantity) => {
        const wish = { ...question, quantity, accessible: 1, random: undefined };
        const { layout, blocks } = wish;
        const withCompanion = (nos: readonly number[]): boolean =>
          nos.some(
            (no) =>
              layout.accessible[no] === 1 &&
              besideOf(blocks, no).some(
                (seat) => nos.includes(seat) && layout.companion[seat] === 1,
              ),
          );
        if (!choicesOf(wish, true).ranges.some(withCompanion)) return;
        accompanied += 1;
        const [best] = proposeBest(wish);
        expect(best?.adjacent).toBe(true);
        expect(withCompanion(best?.nos ?? [])).toBe(true);
      }),
      RUNS,
    );
    expect(accompanied).toBeGreaterThan(0);
  });

  it('splits exactly where trying every selection finds a split', () => {
    const hall = (seats: number, rows: { minLength: number; maxLength: number }) =>
      fc.array(
        fc.string({ unit: fc.constantFrom('.', '.', '_'), minLength: 2, maxLength: seats }),
        rows,
      );
    const wide = hall(5, { minLength: 1, maxLength: 3 });
    const deep = hall(3, { minLength: 4, maxLength: 5 });
    // Of three draws for each seat, most are free: large parties have a chance then.
    const masks = fc.integer({ min: 0, max: (1 << 15) - 1 });
    let splits = 0;
    fc.assert(
      fc.property(
        fc.oneof(wide, deep),
        fc.oneof(
          masks,
          fc.tuple(masks, masks, masks).map(([a, b, c]) => a | b | c),
        ),
        fc.integer({ min: 4, max: 10 }),
        (section, mask, quantity) => {
          const layout = planOf([section]);
          const isFree = (no: number): boolean => ((mask >> no) & 1) === 1;
          const question = {
            ...eventOn(planOf([['.']]), isFree),
            ...{ accessible: 0, adjacentOnly: false, proposals: 1, quantity },
            ...eventOn(layout, isFree),
          };
          const { blocks } = question;
          const [best] = proposeBest(question);
          if (best === undefined || best.adjacent) return;
          // Nobody alone, and from each of their blocks to each other over neighbours among them.
          let possible = false;
          for (let bits = 0; bits < 1 << layout.seatCount && !possible; bits += 1) {
            if ((bits & ~mask) !== 0) continue;
            const nos = Array.from({ length: layout.seatCount }, (_, no) => no).filter(
              (no) => (bits >> no) & 1,
            );
            if (nos.length !== quantity) continue;
            const runs = runsOf(blocks, nos);
            if (runs.some((run) => run.length < 2)) continue;
            const mine = [...new Set(runs.map((run) => blocks.blockAt[run[0] ?? 0] ?? -1))];
            const reached = new Set(mine.slice(0, 1));
            for (const block of reached)
              for (const next of neighbourBlocks(blocks, block))
                if (mine.includes(next)) reached.add(next);
            possible = reached.size === mine.length;
          }
          if (possible) splits += 1;
          expect(best.tier).toBe(possible ? 3 : 4);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(splits).toBeGreaterThan(0); // or nothing was tried
  });

  it('is the same for the same question', () => {
    fc.assert(
      fc.property(questions, ({ question }) => {
        const fixed = { ...question, random: undefined };
        expect(proposeBest(fixed)).toEqual(proposeBest(fixed));
      }),
      { numRuns: 200 },
    );
  });

  it('never seats a party worse because more seats are free', () => {
    fc.assert(
      fc.property(questions, fc.func(fc.boolean()), ({ question, free }, frees) => {
        // But for companions' seats: they are given to others only as long as there is nothing else.
        const layout = { ...question.layout, companion: new Uint8Array(free.length) };
        const blocks = { ...question.blocks, hasCompanions: false };
        const fixed = { ...question, layout, blocks, random: undefined };
        const freer = { ...fixed, isFree: (no: number) => free[no] === true || frees(no) };
        expect(standing(proposeBest(freer))).toBeLessThanOrEqual(standing(proposeBest(fixed)));
      }),
      RUNS,
    );
  });
});

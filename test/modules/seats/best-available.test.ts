import {
  proposeBest,
  type BestAvailableQuestion,
  type Proposal,
} from '../../../src/modules/seats/best-available.rules';
import { eventOn, freeWhere, planOf, type SectionText } from './small-plans';

type Wish = Partial<BestAvailableQuestion> & { quantity: number };

function ask(
  sections: readonly SectionText[],
  isFree: (no: number) => boolean,
  wish: Wish,
): BestAvailableQuestion {
  const base = { accessible: 0, adjacentOnly: false, proposals: 3 };
  return { ...eventOn(planOf(sections), isFree), ...base, ...wish };
}
const all = (): boolean => true;
const nosOf = (proposals: readonly Proposal[]): number[][] => proposals.map(({ nos }) => nos);

describe('best available', () => {
  it('takes the middle of the front', () => {
    const [best] = proposeBest(ask([['......', '......']], all, { quantity: 2 }));
    expect(best).toMatchObject({ nos: [2, 3], adjacent: true, tier: 1 });
    expect(best?.score).toBeGreaterThan(0.95);
    expect(best?.reasons).toEqual([
      '2 seats side by side in Section 0, row R1.',
      expect.stringMatching(/^Closer to the focal point than \d+% of all places\.$/),
      'Leaves no single seat empty.',
    ]);
  });

  it('follows the focal point of the plan', () => {
    const layout = planOf([['......', '......']], { x: 100, y: 500 });
    const question = { ...ask([['.']], all, { quantity: 2 }), ...eventOn(layout, all) };
    expect(proposeBest(question)[0]?.nos).toEqual([6, 7]);
  });

  it('goes farther back rather than leave a single seat, and leaves one rather than split', () => {
    const wish = { quantity: 2, proposals: 1 };
    expect(nosOf(proposeBest(ask([['...', '....']], all, wish)))).toEqual([[3, 4]]);
    const [only] = proposeBest(ask([['...', '...']], freeWhere('ooo oxo'), wish));
    expect(only).toMatchObject({ tier: 2, adjacent: true });
    expect(only?.reasons).toContain('Leaves 1 single seat empty.');
  });

  it('splits over neighbouring rows with nobody alone, unless told not to', () => {
    const free = freeWhere('ooxo oxoo xxxx');
    const rows = ['....', '....', '....'];
    const wish = { quantity: 4, proposals: 2 };
    const [split, ...others] = proposeBest(ask([rows], free, wish));
    expect(split).toMatchObject({ nos: [0, 1, 6, 7], tier: 3, adjacent: false });
    expect(split?.reasons[0]).toBe(
      'Split into 2 and 2 in Section 0, rows R1 and R2; nobody sits alone.',
    );
    expect(others).toEqual([]);
    expect(proposeBest(ask([rows], free, { ...wish, adjacentOnly: true }))).toEqual([]);
  });

  it('splits over as many rows as it takes, before it leaves anybody alone', () => {
    const rows = ['...', '...', '...', '...', '...'];
    const [split] = proposeBest(ask([rows], all, { quantity: 10, proposals: 1 }));
    expect(split).toMatchObject({ nos: [0, 1, 2, 3, 4, 5, 6, 7, 9, 10], tier: 3 });
    const pairs = freeWhere('oox oox oox oox oox');
    const [deep] = proposeBest(ask([rows], pairs, { quantity: 10, proposals: 1 }));
    expect(deep).toMatchObject({ nos: [0, 1, 3, 4, 6, 7, 9, 10, 12, 13], tier: 3 });
    // The rows behind an empty one are not its neighbours.
    const torn = freeWhere('oox oox oox xxx oox');
    expect(proposeBest(ask([rows], torn, { quantity: 8, proposals: 1 }))[0]?.tier).toBe(4);
  });

  it('knows no apart for somebody who comes alone', () => {
    const found = proposeBest(ask([['....']], freeWhere('ooxo'), { quantity: 1 }));
    expect(nosOf(found)).toEqual([[3], [1], [0]]);
    expect(found.map(({ adjacent }) => adjacent)).toEqual([true, true, true]);
    expect(found.map(({ reasons }) => reasons[0])).toEqual(
      found.map(() => 'A seat in Section 0, row R1.'),
    );
  });

  it('has someone move over so that nobody is left alone', () => {
    const [split] = proposeBest(ask([['...', '...']], all, { quantity: 4 }));
    expect(split).toMatchObject({ tier: 3 });
    expect(split?.nos.filter((no) => no < 3)).toHaveLength(2);
  });

  it('scatters only what cannot sit in twos', () => {
    const [best] = proposeBest(ask([['.....']], freeWhere('oxoxo'), { quantity: 3 }));
    expect(best).toMatchObject({ nos: [0, 2, 4], tier: 4, adjacent: false });
  });

  it('seats a party with a companion beside the accessible place', () => {
    const sections = [['......', 'w....w']];
    const [best] = proposeBest(ask(sections, all, { quantity: 2, accessible: 1 }));
    expect([
      [6, 7],
      [10, 11],
    ]).toContainEqual(best?.nos);
    expect(best?.reasons).toContain('1 accessible place, with company right beside.');
    const split = freeWhere('xoooox' + 'ooxxxx');
    expect(
      nosOf(proposeBest(ask(sections, split, { quantity: 4, accessible: 1, proposals: 1 }))),
    ).toEqual([[expect.any(Number), expect.any(Number), 6, 7]]);
    // Three cannot be split; the companion beside comes before the seat that is nearer.
    const [three] = proposeBest(
      ask(sections, freeWhere('ooxxxx' + 'ooxxxx'), { quantity: 3, accessible: 1 }),
    );
    expect(three).toMatchObject({ tier: 4 });
    expect(three?.nos).toEqual(expect.arrayContaining([6, 7]));
  });

  it('gives company the seat that is marked for it, before a place nearer to the stage', () => {
    const wish = { quantity: 2, accessible: 1, proposals: 1 };
    const [best] = proposeBest(ask([['..w..', '.....', 'cw...']], all, wish));
    expect(best?.nos).toEqual([10, 11]);
    expect(best?.reasons).toContain('1 accessible place, with a companion’s seat right beside.');
    // Who could have one on each side leaves the other in company itself.
    const [three] = proposeBest(ask([['.cwc.']], all, { ...wish, quantity: 3 }));
    expect(three?.nos).toEqual([0, 1, 2]);
    // Taken: then any seat beside will do, and a seat that is kept for another place will not.
    const free = freeWhere('ooooo' + 'ooooo' + 'xoooo');
    expect(nosOf(proposeBest(ask([['..w..', '.....', 'cw...']], free, wish)))).toEqual([[1, 2]]);
    const [apart] = proposeBest(ask([['wx', 'wc']], freeWhere('oo' + 'xo'), wish));
    expect(apart?.nos).toEqual([0, 1]);
  });

  it('keeps companions’ seats for companions, until nothing else is left', () => {
    const wish = { quantity: 4, proposals: 1 };
    const [split] = proposeBest(ask([['..ccw', '..___']], all, wish));
    expect(split).toMatchObject({ nos: [0, 1, 5, 6], tier: 3 });
    const [together] = proposeBest(ask([['..ccw', '..___']], freeWhere('oooooxx'), wish));
    expect(together).toMatchObject({ nos: [0, 1, 2, 3] });
    expect(together?.reasons).toContain(
      '2 seats meant for companions: there are no others like them.',
    );
  });

  it('seats a party at the table that has as many seats, and nowhere in part', () => {
    const rows = ['T....', 'T......', 'T......'];
    const [table] = proposeBest(ask([rows], all, { quantity: 6, proposals: 1 }));
    expect(table).toMatchObject({ nos: [4, 5, 6, 7, 8, 9], tier: 1, adjacent: true });
    expect(table?.reasons[0]).toBe('The whole of table R2 in Section 0: 6 seats.');
    expect(nosOf(proposeBest(ask([rows], all, { quantity: 6 })))).toHaveLength(2);
    for (const quantity of [1, 2, 3, 5])
      expect(proposeBest(ask([rows], all, { quantity }))).toEqual([]);
    const free = freeWhere('oooo' + 'ooxooo' + 'oooooo');
    expect(nosOf(proposeBest(ask([rows], free, { quantity: 6 })))).toEqual([
      [10, 11, 12, 13, 14, 15],
    ]);
  });

  it('seats a large party at several tables, and the rest at single places if it must', () => {
    const rows = ['T....', 'T......', 'T......', '..'];
    const [two] = proposeBest(ask([rows], all, { quantity: 10, proposals: 1 }));
    expect(two).toMatchObject({ nos: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], tier: 3, adjacent: false });
    expect(two?.reasons[0]).toBe('The whole of tables R1 and R2 in Section 0; nobody sits alone.');
    const [rest] = proposeBest(ask([rows], all, { quantity: 11, proposals: 1 }));
    expect(rest).toMatchObject({ tier: 4 });
    expect(rest?.nos).toHaveLength(11);
    const together = { quantity: 10, proposals: 1, adjacentOnly: true };
    expect(proposeBest(ask([rows], all, together))).toEqual([]);
  });

  it('counts an area as together, and each area once', () => {
    const proposals = proposeBest(ask([20, ['....']], all, { quantity: 6 }));
    expect(proposals[0]).toMatchObject({ nos: [0, 1, 2, 3, 4, 5], adjacent: true, tier: 1 });
    expect(proposals[0]?.reasons[0]).toBe('6 places together in Section 0.');
    expect(proposals.filter(({ tier }) => tier === 1)).toHaveLength(1);
  });

  it.each([
    [{ quantity: 0 }],
    [{ quantity: 2, accessible: 3 }],
    [{ quantity: 2, accessible: -1 }],
    [{ quantity: 9 }],
    [{ quantity: 2, proposals: 0 }],
    [{ quantity: 2, sellable: () => false }],
  ])('has nothing for %j', (wish) => {
    expect(proposeBest(ask([['....', '....']], all, wish))).toEqual([]);
  });

  it('spreads a hundred parties that ask at once over many seats, and never below the tier', () => {
    const rows = Array.from({ length: 20 }, () => '....................');
    let state = 1;
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const question = ask([rows], all, { quantity: 2, proposals: 1, random });
    const fixed = proposeBest({ ...question, random: undefined })[0];
    const seatings = new Set<string>();
    for (let party = 0; party < 100; party += 1) {
      const [drawn] = proposeBest(question);
      expect(drawn?.tier).toBe(1);
      expect(drawn?.score).toBeGreaterThanOrEqual((fixed?.score ?? 1) - 0.02);
      seatings.add(String(drawn?.nos));
    }
    expect(seatings.size).toBeGreaterThan(1);
    const wide = new Set<string>();
    for (let party = 0; party < 100; party += 1)
      wide.add(String(proposeBest({ ...question, spread: 0.1 })[0]?.nos));
    expect(wide.size).toBeGreaterThan(seatings.size);
  });
});

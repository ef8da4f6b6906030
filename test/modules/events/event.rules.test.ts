import { EventStatus } from '../../../src/modules/events/event.entity';
import { EventOffers } from '../../../src/modules/events/event-offer';
import {
  lowestPrice,
  priceList,
  salesState,
  timeProblems,
} from '../../../src/modules/events/event.rules';

const at = (hour: number): Date => new Date(Date.UTC(2027, 0, 1, hour));
const event = {
  status: EventStatus.PUBLISHED,
  startsAt: at(20),
  salesStartAt: at(8),
  salesEndAt: at(18),
};

describe('salesState', () => {
  test.each([
    ['before the window', at(7), false],
    ['at its first instant', at(8), true],
    ['inside', at(12), true],
    ['at its last', at(18), false],
  ])('%s', (_, now, open) => {
    expect(salesState(event, now)).toEqual({ open, opensAt: at(8), closesAt: at(18) });
  });

  test('ends with the start, whatever the window says', () => {
    for (const salesEndAt of [null, at(22)]) {
      expect(salesState({ ...event, salesEndAt }, at(20))).toMatchObject({
        open: false,
        closesAt: at(20),
      });
    }
  });

  test.each([EventStatus.DRAFT, EventStatus.CANCELLED])('%s is never open', (status) => {
    expect(salesState({ ...event, status }, at(12))).toEqual({
      open: false,
      opensAt: null,
      closesAt: null,
    });
  });
});

describe('timeProblems', () => {
  const times = {
    startsAt: at(20),
    doorsAt: at(20),
    endsAt: at(20),
    salesStartAt: at(8),
    salesEndAt: at(9),
  };

  test('equal instants of doors, start and end are fine', () => {
    expect(timeProblems(times)).toEqual([]);
  });

  test('what was not given is not blamed', () => {
    const wrong = { ...times, endsAt: at(19) };
    expect(timeProblems(wrong).map(({ path }) => path)).toEqual(['input.endsAt']);
    expect(timeProblems(wrong, (field) => field === 'startsAt').map(({ path }) => path)).toEqual([
      'input.startsAt',
    ]);
    expect(timeProblems(wrong, () => false)).toEqual([]);
  });
});

test('lowestPrice counts what is free, and has none of nothing', () => {
  const { rows } = priceList(
    [
      { categoryKey: 'a', priceMinor: 5 },
      { categoryKey: 'b', priceMinor: 0 },
    ],
    ['a', 'b'],
    ['x'],
  );
  expect(lowestPrice(rows)).toBe(0);
  expect(lowestPrice([])).toBeNull();
});

describe('EventOffers', () => {
  /** Counts how often the event is read; there is no event, or one. */
  function offersOver(found: boolean) {
    let reads = 0;
    let nowMs = 0;
    const manager = {
      findOneBy: () =>
        Promise.resolve(++reads > 0 && found ? { id: 'e', seatingPlanId: 'p' } : null),
      find: () => Promise.resolve([]),
      findBy: () => Promise.resolve([]),
    };
    const rooms = { db: { orm: { manager } }, layouts: { get: () => Promise.resolve({}) } };
    const offers = new EventOffers(rooms as never, () => nowMs);
    return { offers, reads: () => reads, pass: (ms: number) => (nowMs += ms) };
  }

  test('keeps one for a second', async () => {
    const { offers, reads, pass } = offersOver(true);
    await offers.get('e');
    pass(999);
    await offers.get('e');
    expect(reads()).toBe(1);
    pass(1);
    await offers.get('e');
    expect(reads()).toBe(2);
  });

  test('does not keep what was being read when it was forgotten', async () => {
    const { offers, reads } = offersOver(true);
    const early = offers.get('e');
    offers.forget('e');
    await early;
    await offers.get('e');
    expect(reads()).toBe(2);
  });

  test('does not keep that there is none', async () => {
    const { offers, reads } = offersOver(false);
    expect(await offers.get('e')).toBeUndefined();
    expect(await offers.get('e')).toBeUndefined();
    expect(reads()).toBe(2);
  });
});

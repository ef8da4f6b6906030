import {
  assert,
  array,
  constantFrom,
  integer,
  nat,
  property,
  record,
  shuffledSubarray,
} from 'fast-check';
import type { SeatChange, SeatStatusLetter } from '../../src/live/change-log.sql';
import { Projection, type SeatColumns } from '../../src/live/projection';

const SEATS = 6;
const RUNS = { numRuns: 300 };

const snapshotOf = (statuses: string, heldUntilMs: (number | null)[] = []): SeatColumns => ({
  statuses,
  versions: Array.from(statuses, () => 1),
  categoryNos: Array.from(statuses, (_, no) => no % 2),
  heldUntilMs: Array.from(statuses, (_, no) => heldUntilMs[no] ?? null),
});
const change = (
  status: SeatStatusLetter,
  nos: number[],
  version: number,
  heldUntilMs: number | null = null,
): SeatChange => ({
  eventId: 'e',
  status,
  nos,
  versions: nos.map(() => version),
  heldUntilMs: status === 'H' ? heldUntilMs : null,
});
const stateOf = (projection: Projection) => ({
  statuses: projection.statuses(),
  versions: Array.from({ length: projection.seatCount }, (_, no) => projection.versionOf(no)),
  counts: projection.availability(),
});

/** A history as the database writes it: each step of a seat adds one to its version. */
const history = array(
  record({
    status: constantFrom<SeatStatusLetter[]>('A', 'H', 'S', 'B'),
    nos: array(nat(SEATS - 1), { minLength: 1, maxLength: 3 }),
    untilMs: integer({ min: 1, max: 100 }),
  }),
  { maxLength: 20 },
).map((steps) => {
  const versions = Array.from({ length: SEATS }, () => 1);
  return steps.map(({ status, nos, untilMs }): SeatChange => {
    const distinct = [...new Set(nos)];
    return {
      eventId: 'e',
      status,
      nos: distinct,
      versions: distinct.map((no) => (versions[no] = versions[no]! + 1)),
      heldUntilMs: status === 'H' ? untilMs : null,
    };
  });
});

describe('a projection', () => {
  it('converges to the same state, in whatever order and how often changes come', () => {
    const arrivals = history.chain((changes) =>
      record({
        changes: constantFrom(changes),
        again: shuffledSubarray([...changes, ...changes], {
          minLength: changes.length * 2,
          maxLength: changes.length * 2,
        }),
      }),
    );
    assert(
      property(arrivals, ({ changes, again }) => {
        const inOrder = new Projection(snapshotOf('A'.repeat(SEATS)));
        const shuffled = new Projection(snapshotOf('A'.repeat(SEATS)));
        changes.forEach((each) => inOrder.apply(each));
        again.forEach((each) => shuffled.apply(each));
        expect(stateOf(shuffled)).toEqual(stateOf(inOrder));
      }),
      RUNS,
    );
  });

  it('counts what it shows, whatever comes, by category and together', () => {
    const until = integer({ min: 0, max: 120 });
    assert(
      property(history, until, (changes, nowMs) => {
        const projection = new Projection(snapshotOf('AHSBAH', [null, 10, null, null, null, 50]));
        changes.forEach((each, i) => {
          projection.apply(each);
          if (i % 3 === 0) projection.lapse(nowMs);
          const shown = projection.statuses();
          const count = (letter: string) => shown.split(letter).length - 1;
          const counts = projection.availability();
          expect(counts).toEqual({
            total: SEATS,
            available: count('A'),
            held: count('H'),
            sold: count('S'),
            blocked: count('B'),
          });
          const [even, odd] = [projection.availabilityOf(0), projection.availabilityOf(1)];
          expect(even.held + odd.held).toBe(counts.held);
          expect(even.total + odd.total).toBe(SEATS);
        });
      }),
      RUNS,
    );
  });

  it('converges though holds lapse in between', () => {
    assert(
      property(history, integer({ min: 0, max: 120 }), (changes, nowMs) => {
        const lapsing = new Projection(snapshotOf('A'.repeat(SEATS)));
        const plain = new Projection(snapshotOf('A'.repeat(SEATS)));
        for (const each of changes) {
          lapsing.apply(each);
          lapsing.lapse(nowMs);
          plain.apply(each);
        }
        plain.lapse(nowMs);
        expect(stateOf(lapsing)).toEqual(stateOf(plain));
      }),
      RUNS,
    );
  });

  it('tells which seats a change moved, and ignores old news and seats it has not', () => {
    const projection = new Projection(snapshotOf('AAA'));
    expect(projection.apply(change('H', [0, 2], 3, 10))).toEqual([0, 2]);
    expect(projection.apply(change('A', [0, 1], 3))).toEqual([1]);
    expect(projection.apply(change('S', [0], 2))).toEqual([]);
    expect(projection.apply(change('S', [3, 1_000], 9))).toEqual([]);
    expect(projection.statuses()).toBe('HAH');
  });

  it('frees a hold at its deadline, with the version it has, and once', () => {
    const projection = new Projection(snapshotOf('HHS', [10, 20, null]));
    expect(projection.lapse(9)).toEqual([]);
    expect(projection.lapse(10)).toEqual([0]);
    expect(projection.lapse(10)).toEqual([]);
    expect(projection.statuses()).toBe('AHS');
    expect(projection.versionOf(0)).toBe(1);
    // The sweeper's word comes later, as the next version; so may a new hold.
    expect(projection.apply(change('A', [0], 2))).toEqual([0]);
    expect(projection.apply(change('H', [0], 3, 30))).toEqual([0]);
    expect(projection.lapse(25)).toEqual([1]);
    expect(projection.lapse(30)).toEqual([0]);
  });

  it('holds again what a clock has freed that is set back, but for what was written down meanwhile', () => {
    const projection = new Projection(snapshotOf('HHHS', [10, 20, 30, null]));
    const counts = projection.availability();
    expect(projection.lapse(25)).toEqual([0, 1]);
    projection.apply(change('A', [0], 2));
    const { revision } = projection;
    expect(projection.takeBack(25)).toBe(false);
    expect(projection.takeBack(22)).toBe(false); // that one’s time is up by this clock too
    expect(projection.revision).toBe(revision);
    expect(projection.takeBack(15)).toBe(true);
    expect(projection.statuses()).toBe('AHHS');
    expect(projection.versionOf(1)).toBe(1);
    expect(projection.revision).toBeGreaterThan(revision);
    expect(projection.lapsedNos()).toEqual([]);
    expect(projection.takeBack(15)).toBe(false);
    // And time goes on.
    expect(projection.lapse(19)).toEqual([]);
    expect(projection.lapse(20)).toEqual([1]);
    projection.apply(change('H', [0], 3, 60));
    expect(projection.takeBack(5)).toBe(true);
    expect(projection.availability()).toEqual(counts);
  });

  it('never frees a hold whose payment is in flight', () => {
    const projection = new Projection(snapshotOf('HA', [Infinity, null]));
    projection.apply(change('H', [1], 2, Infinity));
    expect(projection.lapse(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(projection.statuses()).toBe('HH');
  });

  it('an extension moves the deadline', () => {
    const projection = new Projection(snapshotOf('H', [10]));
    projection.apply(change('H', [0], 2, 50));
    expect(projection.lapse(49)).toEqual([]);
    expect(projection.lapse(50)).toEqual([0]);
  });

  it('takes from a whole inventory what is newer, and only that', () => {
    const projection = new Projection(snapshotOf('AAAA'));
    projection.apply(change('S', [1], 4));
    projection.apply(change('H', [2], 2, 10));
    const inventory = { ...snapshotOf('HHAS', [30, 40, null, null]), versions: [2, 3, 3, 1] };
    expect(projection.merge(inventory)).toEqual([0, 2]);
    expect(projection.statuses()).toBe('HSAA');
    expect(projection.lapse(29)).toEqual([]);
    expect(projection.lapse(30)).toEqual([0]);
  });

  it('forgets everything for another history, with its lower versions', () => {
    const projection = new Projection(snapshotOf('HSA', [10, null, null]));
    projection.apply(change('S', [0, 2], 9));
    projection.replace(snapshotOf('AAH', [null, null, 20]));
    expect(stateOf(projection)).toMatchObject({ statuses: 'AAH', versions: [1, 1, 1] });
    expect(projection.availability()).toMatchObject({ available: 2, held: 1, sold: 0 });
    expect(projection.apply(change('S', [0], 2))).toEqual([0]);
    expect(projection.lapse(20)).toEqual([2]);
  });

  it('knows which seats time has freed, until something is written about them', () => {
    const projection = new Projection(snapshotOf('HHA', [10, 10, null]));
    expect(projection.lapsedNos()).toEqual([]);
    projection.lapse(10);
    expect(projection.lapsedNos()).toEqual([0, 1]);
    projection.apply(change('H', [1], 2, 90));
    expect(projection.lapsedNos()).toEqual([0]);
  });

  it('has another revision after whatever changes what it shows, and only then', () => {
    const projection = new Projection(snapshotOf('HA', [10, null]));
    const revisions = new Set([projection.revision]);
    projection.apply(change('A', [1], 1));
    projection.lapse(9);
    expect(revisions.has(projection.revision)).toBe(true);
    for (const move of [
      () => projection.apply(change('S', [1], 2)),
      () => projection.lapse(10),
      () => projection.replace(snapshotOf('AA')),
    ]) {
      move();
      expect(revisions.has(projection.revision)).toBe(false);
      revisions.add(projection.revision);
    }
  });
});

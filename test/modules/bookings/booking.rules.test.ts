import fc from 'fast-check';
import { BookingStatus } from '../../../src/modules/bookings/booking.entity';
import {
  canBecome,
  readReference,
  REFERENCE_BYTES,
  referenceOf,
  totalOf,
} from '../../../src/modules/bookings/booking.rules';

describe('the states of a booking', () => {
  const statuses = Object.values(BookingStatus);
  const legal = statuses.flatMap((from) =>
    statuses.filter((to) => canBecome(from, to)).map((to) => `${from} → ${to}`),
  );

  it('are left in these ways and in no other', () => {
    expect(legal).toEqual([
      'PENDING → CONFIRMED',
      'PENDING → FAILED',
      'PENDING → CANCELLED',
      'CONFIRMED → CANCELLED',
      'FAILED → CONFIRMED',
      'FAILED → CANCELLED',
      'CANCELLED → REFUNDED',
    ]);
  });

  it('are never left backwards: what has an end cannot be decided a second time', () => {
    for (const from of statuses) {
      expect(canBecome(from, BookingStatus.PENDING)).toBe(false);
      expect(canBecome(from, from)).toBe(false);
    }
  });
});

describe('totals', () => {
  it('add up, and are nothing for nothing', () => {
    expect(totalOf([1250, 0, 990])).toBe(2240);
    expect(totalOf([0, 0])).toBe(0);
  });

  it('are refused beyond what an amount can hold', () => {
    expect(totalOf([2 ** 31 - 2, 1])).toBe(2 ** 31 - 1);
    expect(() => totalOf([2 ** 31 - 1, 1])).toThrow('more than one payment can carry');
  });
});

describe('booking references', () => {
  const random = fc.uint8Array({ minLength: REFERENCE_BYTES, maxLength: REFERENCE_BYTES });

  it('have two groups of four letters that nobody takes for another', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const reference = referenceOf(bytes);
        expect(reference).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
        expect(reference).not.toMatch(/[01IO]/);
      }),
    );
  });

  it('spell each letter equally often', () => {
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      const letter = referenceOf(new Uint8Array(REFERENCE_BYTES).fill(byte)).charAt(0);
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual(Array<number>(32).fill(8));
  });

  it('are read as people type them', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const reference = referenceOf(bytes);
        expect(readReference(reference)).toBe(reference);
        expect(readReference(` ${reference.toLowerCase()} `)).toBe(reference);
        expect(readReference(reference.replace('-', ''))).toBe(reference);
      }),
    );
  });

  it.each(['', 'K7QF', 'K7QF-3MP', 'K7QF-3MPXX', 'K7QF-3MP0', 'K7QF-3MP\u0000', ' '.repeat(9000)])(
    'are not read from %j',
    (text) => {
      expect(readReference(text)).toBeUndefined();
    },
  );
});

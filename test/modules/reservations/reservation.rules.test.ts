import { DomainError } from '../../../src/errors';
import {
  claimOf,
  statusAt,
  type Offered,
} from '../../../src/modules/reservations/reservation.rules';

const offered: Offered = {
  eventId: 'event',
  seatCount: 60,
  sections: [{ key: 'pit', generalAdmission: true, firstNo: 30, seatCount: 30 }],
  categoryOf: () => 0,
  priceOf: () => ({ ticketTypeKey: 'standard', priceMinor: 100_000_000 }),
  wholeTableOf: () => undefined,
};
const seats = (count: number) => Array.from({ length: count }, (_, no) => ({ no }));
const problemsOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof DomainError ? error.extensions['fields'] : error;
  }
  return undefined;
};

describe('claimOf', () => {
  test('refuses what costs more than an amount can say, seats and areas together', () => {
    expect(claimOf(offered, seats(21), []).nos).toHaveLength(21);
    const tooMuch = [
      { path: 'input.seats', message: expect.stringContaining('cost more') as string },
    ];
    expect(problemsOf(() => claimOf(offered, seats(22), []))).toEqual(tooMuch);
    const pit = [{ sectionKey: 'pit', quantity: 12 }];
    expect(problemsOf(() => claimOf(offered, seats(10), pit))).toEqual(tooMuch);
  });
});

describe('statusAt', () => {
  const expiresAt = new Date('2030-01-01T00:00:10Z');
  const before = new Date('2030-01-01T00:00:09.999Z');

  test('a deadline that has come ends what is ACTIVE, and nothing else', () => {
    expect(statusAt({ status: 'ACTIVE', expiresAt }, before)).toBe('ACTIVE');
    expect(statusAt({ status: 'ACTIVE', expiresAt }, expiresAt)).toBe('EXPIRED');
    expect(statusAt({ status: 'CHECKOUT', expiresAt }, expiresAt)).toBe('CHECKOUT');
    expect(statusAt({ status: 'BOOKED', expiresAt }, expiresAt)).toBe('BOOKED');
  });
});

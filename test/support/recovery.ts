/** After a crash, a restart or an outage: until all is decided, and whether the provider's books agree with ours. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventScopedId } from '../../src/infra/ids';
import { count } from './box-office';
import type { House } from './house';
import type { MockControl } from './mock-provider';

/** The promise: from the moment all is well again, whatever was left open is decided in this time. */
export const RECOVERED_MS_MAX = 60_000;
const LOOK_EVERY_MS = 100;

const OPEN = `SELECT (SELECT count(*) FROM bookings WHERE status = 'PENDING')
  + (SELECT count(*) FROM refunds WHERE status = 'PENDING') AS n`;

/** Until every booking and refund is decided, or the promise is broken; answers how long that took. */
export async function untilDecided(house: House): Promise<number> {
  const beganAtMs = performance.now();
  const tookMs = (): number => performance.now() - beganAtMs;
  while ((await count(house, OPEN)) > 0 && tookMs() < RECOVERED_MS_MAX) await pause(LOOK_EVERY_MS);
  return tookMs();
}

/** Charge by charge: what the provider has taken and kept is what we have. */
export async function expectSameLedger(house: House, provider: MockControl): Promise<void> {
  const payments = await house.app.db.query<{
    event_id: string;
    id: string;
    amount_minor: number;
    refunded_minor: number;
  }>(
    `SELECT event_id, id, amount_minor, refunded_minor FROM payments
     WHERE status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')`,
  );
  const ours = payments.map(({ event_id: eventId, id, amount_minor, refunded_minor }) => [
    eventScopedId('Payment', { eventId, id }),
    amount_minor,
    refunded_minor,
  ]);
  const { charges } = await provider.ledger();
  const theirs = charges
    .filter(({ status }) => status === 'SUCCEEDED')
    .map(({ key, amountMinor, refundedMinor }) => [key, amountMinor, refundedMinor]);
  expect(ours.length).toBeGreaterThan(0);
  expect(theirs.sort()).toEqual(ours.sort());
}

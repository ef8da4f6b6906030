/** What happens to refunds, at the provider and here. */
import { requireEventScoped, type EventScopedKey } from '../../../src/infra/ids';
import { followRefunds } from '../../../src/modules/bookings/follow-refunds';
import { countForPeople } from '../../../src/modules/bookings/refund.jobs';
import { Payment } from '../../../src/modules/payments/payment.entity';
import type {
  ChargeState,
  PaymentProvider,
  RefundRequest,
  RefundState,
} from '../../../src/modules/payments/provider';
import { count, expectSoundBooks, openBoxOffice, type BoxOffice } from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import type { Bought } from '../../support/refunds';
import { mockThat } from '../../support/saga';

export let house: House;
export let office: BoxOffice;
export let buyer: GivenUser;
export let honest: PaymentProvider;

/** A house and its honest provider for the file; a box office and a buyer for each test. */
export function openForRefunds(): void {
  beforeAll(async () => {
    house = await startHouse();
    honest = house.app.payments.MOCK!;
  });
  afterAll(async () => {
    await house.close();
  });
  beforeEach(async () => {
    office = await openBoxOffice(house);
    buyer = await house.given.user();
  });
  afterEach(async () => {
    useProvider({});
    await expectSoundBooks(house, office);
  });
}

/** The MOCK provider, with some of its answers replaced. */
export function useProvider(answers: Partial<PaymentProvider>): void {
  house.app.payments.MOCK = honest;
  house.app.payments.MOCK = mockThat(house, answers);
}

export const away = { refund: () => Promise.reject(new Error('the provider is away')) };
export const refuses = (code: string) => ({
  refund: () => Promise.resolve<RefundState>({ kind: 'refused', code, refundedMinor: 0 }),
});

export async function paymentOf({ id }: Bought): Promise<Payment> {
  const key = requireEventScoped('Booking', id);
  return house.app.db.orm
    .getRepository(Payment)
    .findOneByOrFail({ eventId: key.eventId, bookingId: key.id });
}

function identityOf(payment: Payment): RefundRequest['charge'] {
  return {
    key: payment.publicId,
    amountMinor: payment.amountMinor,
    currency: 'EUR',
    description: '',
  };
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** What an organizer does in the provider's own back office. */
export async function refundAtProvider(
  bought: Bought,
  amountMinor: number,
  key = 'site',
): Promise<void> {
  const payment = await paymentOf(bought);
  const state = await honest.refund(
    {
      key: `${key} ${payment.publicId}`,
      charge: identityOf(payment),
      chargeReference: payment.providerReference ?? '',
      amountMinor,
    },
    soon(),
  );
  expect(state.kind).toBe('succeeded');
}

type Captured = ChargeState & { kind: 'succeeded' };

export async function standing(bought: Bought): Promise<Captured> {
  const state = await honest.findCharge(identityOf(await paymentOf(bought)), soon());
  if (state?.kind !== 'succeeded') throw new Error('the charge has not succeeded');
  return state;
}

/** What the webhook's job does once it has asked the provider. */
export async function follow(bought: Bought, seen?: Captured): Promise<void> {
  const { eventId, id } = await paymentOf(bought);
  await followRefunds(house.app, { eventId, id }, seen ?? (await standing(bought)));
}

export async function refundedAtProvider(bought: Bought): Promise<number> {
  return (await standing(bought)).refundedMinor;
}

/** What people are called for. */
export async function alerts(): Promise<string[]> {
  await countForPeople(house.app);
  const response = await fetch(`${house.url}/health/alerts`);
  const body = (await response.json()) as { alerts: { alert: string }[] };
  return body.alerts.map(({ alert }) => alert);
}

export async function keyOf(bought: Bought): Promise<EventScopedKey> {
  const { eventId, id } = await paymentOf(bought);
  return { eventId, id };
}

export async function openWithFee(): Promise<void> {
  office = await openBoxOffice(house, { refundFeeMinor: 500 });
}

/** What others are told of the event's refunds. */
export function refundFacts(): Promise<{ type: string; data: Record<string, unknown> }[]> {
  return house.app.db.query(
    `SELECT type, data FROM domain_events
     WHERE event_id = $1 AND type IN ('payment.refunded', 'payment.refund_failed') ORDER BY xid, id`,
    [office.eventUuid],
  );
}

export function queuedMails(kind: string): Promise<number> {
  return count(
    house,
    `SELECT count(*) AS n FROM graphile_worker.jobs j JOIN refunds f ON j.key = 'mail:' || $2 || ':' || f.id
     WHERE f.event_id = $1`,
    [office.eventUuid, kind],
  );
}

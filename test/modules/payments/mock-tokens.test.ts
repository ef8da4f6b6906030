import { newId, requireEventScoped } from '../../../src/infra/ids';
import type { MockHappening } from '../../../src/modules/payments/mock/ledger';
import type {
  ChargeIdentity,
  ChargeState,
  PaymentProvider,
} from '../../../src/modules/payments/provider';
import { confirm, hold, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { startHouse, type House } from '../../support/house';
import { runJob, takeJobs, type QueuedJob } from '../../support/jobs';

let house: House;
let office: BoxOffice;
let nextSeat = 0;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  nextSeat = 0;
  await takeJobs(house, STEP);
  await takeJobs(house, 'follow-payment');
});

const never = new AbortController().signal;
const STEP = 'take-mock-step';

function mock(): PaymentProvider {
  if (house.app.payments.MOCK === undefined) throw new Error('MOCK is not configured');
  return house.app.payments.MOCK;
}

/** A real payment of ours, so that its webhooks find it, charged with the token under test. */
async function chargeWith(
  token: string,
): Promise<{ identity: ChargeIdentity; state: ChargeState | Error }> {
  const buyer = await house.given.user();
  const reservation = await hold(house, office, buyer.token, [nextSeat++]);
  const booking = await confirm(house, buyer.token, reservation);
  const [payment] = booking.payments ?? [];
  if (payment === undefined) throw new Error('there is no payment');
  const identity = {
    key: payment.id,
    amountMinor: payment.amount.amountMinor,
    currency: 'EUR',
    description: 'An evening',
  };
  await house.app.db.query('DELETE FROM mock_charges WHERE idempotency_key = $1', [identity.key]);
  const state = await mock()
    .charge({ ...identity, token }, never)
    .catch((error: unknown) => error as Error);
  return { identity, state };
}

function find(identity: ChargeIdentity): Promise<ChargeState | undefined> {
  return mock().findCharge(identity, never);
}

const kindsOf = (jobs: readonly QueuedJob[]): string[] =>
  jobs.map(({ payload }) => (payload['happening'] as MockHappening).kind);

/** Takes the steps that wait, and those they lead to, in order of time; answers what they were. */
async function liveOn(): Promise<string[]> {
  const kinds: string[] = [];
  for (let rounds = 0; rounds < 5; rounds++) {
    const jobs = await takeJobs(house, STEP);
    if (jobs.length === 0) return kinds;
    kinds.push(...kindsOf(jobs));
    for (const { payload } of jobs) await runJob(house, STEP, payload);
  }
  throw new Error('it goes on for ever');
}

async function followed(): Promise<unknown[]> {
  return (await takeJobs(house, 'follow-payment')).map(({ payload }) => payload['paymentId']);
}
const uuidOf = ({ key }: ChargeIdentity): string => requireEventScoped('Payment', key).id;

const succeeded = { kind: 'succeeded', refundedMinor: 0 };

describe('declines', () => {
  it.each([
    ['tok_declined', 'card_declined', true],
    ['tok_insufficient_funds', 'insufficient_funds', true],
    ['tok_expired_card', 'expired_card', true],
    ['tok_fraudulent', 'fraudulent', false],
  ])('%s: %s, retryable %s', async (token, code, retryable) => {
    const { identity, state } = await chargeWith(token);
    expect(state).toEqual({ kind: 'declined', code, retryable });
    expect(await find(identity)).toEqual(state);
    expect(await liveOn()).toEqual([]);
  });
});

describe('lost answers', () => {
  it('tok_timeout: the charge is made, also when it is asked for again', async () => {
    const { identity, state } = await chargeWith('tok_timeout');
    expect(state).toEqual(new Error('the line went dead before the answer came'));
    expect(await find(identity)).toMatchObject(succeeded);
  });

  it('tok_timeout_declined: it was declined', async () => {
    const { identity, state } = await chargeWith('tok_timeout_declined');
    expect(state).toBeInstanceOf(Error);
    expect(await find(identity)).toMatchObject({ kind: 'declined', code: 'card_declined' });
  });

  it('tok_error: nothing is charged, and nothing can be any more once it is voided', async () => {
    const { identity, state } = await chargeWith('tok_error');
    expect(state).toEqual(new Error('an internal error of the provider'));
    expect(await find(identity)).toBeUndefined();
    await mock().voidCharge(identity, never);
    expect(await mock().charge({ ...identity, token: 'tok_ok' }, never)).toMatchObject({
      code: 'voided',
    });
  });
});

describe('charges that are decided later', () => {
  it('tok_pending: settles by itself, and a webhook tells', async () => {
    const { identity, state } = await chargeWith('tok_pending');
    expect(state).toEqual({
      kind: 'pending',
      reference: expect.stringMatching(/^ch_/) as string,
      nextAction: null,
    });
    const [settle, ...others] = await takeJobs(house, STEP);
    expect(others).toEqual([]);
    const inSeconds = ((settle?.runAt.getTime() ?? 0) - house.clock.now().getTime()) / 1000;
    expect(inSeconds).toBeGreaterThan(1);
    expect(inSeconds).toBeLessThanOrEqual(3);
    expect(await find(identity)).toMatchObject({ kind: 'pending' });
    await runJob(house, STEP, settle?.payload ?? {});
    expect(await find(identity)).toMatchObject(succeeded);
    expect(await liveOn()).toEqual(['tell']);
    expect(await followed()).toEqual([uuidOf(identity)]);
  });

  it('tok_pending that is voided meanwhile never settles', async () => {
    const { identity } = await chargeWith('tok_pending');
    expect(await mock().voidCharge(identity, never)).toMatchObject({ code: 'voided' });
    expect(await liveOn()).toEqual(['settle']);
    expect(await find(identity)).toMatchObject({ kind: 'declined', code: 'voided' });
  });

  it('tok_pending_declined: is declined in the end', async () => {
    const { identity } = await chargeWith('tok_pending_declined');
    expect(await liveOn()).toEqual(['decline', 'tell']);
    expect(await find(identity)).toMatchObject({ kind: 'declined', code: 'card_declined' });
  });

  it('tok_pending_for_ever: stays as it is until it is voided', async () => {
    const { identity } = await chargeWith('tok_pending_for_ever');
    expect(await liveOn()).toEqual([]);
    expect(await find(identity)).toMatchObject({ kind: 'pending' });
    await mock().voidCharge(identity, never);
    expect(await find(identity)).toMatchObject({ code: 'voided' });
  });

  it.each([
    ['tok_3ds', succeeded],
    ['tok_3ds_failed', { kind: 'declined', code: 'authentication_failed', retryable: true }],
  ])('%s: sends the buyer to a page first', async (token, end) => {
    const { identity, state } = await chargeWith(token);
    expect(state).toMatchObject({
      kind: 'pending',
      nextAction: { redirectUrl: expect.stringMatching(/^http/) as string },
    });
    await liveOn();
    expect(await find(identity)).toMatchObject(end);
    expect(await followed()).toEqual([uuidOf(identity)]);
  });
});

describe('webhooks at odd times', () => {
  it('tok_webhook_first: overtakes the answer', async () => {
    const charging = chargeWith('tok_webhook_first');
    const timeOfAnswer = charging.then(() => performance.now());
    let jobs: QueuedJob[] = [];
    for (let looks = 0; jobs.length === 0 && looks < 5_000; looks++) {
      jobs = await takeJobs(house, STEP);
    }
    for (const { payload } of jobs) await runJob(house, STEP, payload);
    const timeOfWebhook = performance.now();
    expect(await followed()).toHaveLength(1);
    expect(timeOfWebhook).toBeLessThan(await timeOfAnswer);
    expect((await charging).state).toMatchObject(succeeded);
  });

  it('tok_webhook_twice: the same one again, and one job follows', async () => {
    await chargeWith('tok_webhook_twice');
    expect(await liveOn()).toEqual(['settle', 'tell', 'tell']);
    expect(await followed()).toHaveLength(1);
  });

  it('tok_webhook_late: long after it settled', async () => {
    const { identity } = await chargeWith('tok_webhook_late');
    const [settle] = await takeJobs(house, STEP);
    await runJob(house, STEP, settle?.payload ?? {});
    expect(await find(identity)).toMatchObject(succeeded);
    const [told] = await takeJobs(house, STEP);
    expect((told?.runAt.getTime() ?? 0) - house.clock.now().getTime()).toBeGreaterThan(40_000);
  });

  it('tok_webhook_reordered: an older one comes after the newer', async () => {
    await chargeWith('tok_webhook_reordered');
    const [settle] = await takeJobs(house, STEP);
    await runJob(house, STEP, settle?.payload ?? {});
    const told = (await takeJobs(house, STEP)).map(
      ({ payload }) => payload['happening'] as MockHappening & { kind: 'tell' },
    );
    const times = told.map(({ message }) => Date.parse(message.occurredAt));
    expect(times).toHaveLength(2);
    expect(times[0]).toBeGreaterThan(times[1] ?? 0);
    expect(new Set(told.map(({ message }) => message.id)).size).toBe(2);
  });

  it('tok_webhook_never: settles, and nobody tells', async () => {
    const { identity } = await chargeWith('tok_webhook_never');
    expect(await liveOn()).toEqual(['settle']);
    expect(await find(identity)).toMatchObject(succeeded);
  });
});

describe('money that goes back', () => {
  async function refunded(token: string) {
    const { identity, state } = await chargeWith(token);
    if (state instanceof Error || state.kind !== 'succeeded') throw new Error('not charged');
    const request = {
      key: newId(),
      charge: identity,
      chargeReference: state.reference,
      amountMinor: 1000,
    };
    return { identity, request, refund: () => mock().refund(request, never) };
  }

  it('tok_refund_refused: nothing goes back', async () => {
    const { identity, refund } = await refunded('tok_refund_refused');
    expect(await refund()).toEqual({ kind: 'refused', code: 'refund_refused', refundedMinor: 0 });
    expect(await find(identity)).toMatchObject({ refundedMinor: 0 });
  });

  it('tok_refund_pending: is under way, then done, and a webhook tells', async () => {
    const { identity, refund } = await refunded('tok_refund_pending');
    const state = await refund();
    expect(state).toMatchObject({ kind: 'pending' });
    expect(await liveOn()).toEqual(['end-refund', 'tell']);
    expect(await refund()).toEqual({ ...state, kind: 'succeeded' });
    expect(await find(identity)).toMatchObject({ refundedMinor: 1000 });
    expect(await followed()).toEqual([uuidOf(identity)]);
  });

  it('tok_refund_fails: is under way, and comes to nothing', async () => {
    const { identity, refund } = await refunded('tok_refund_fails');
    expect(await refund()).toMatchObject({ kind: 'pending' });
    await liveOn();
    expect(await refund()).toMatchObject({ kind: 'refused', code: 'refund_failed' });
    expect(await find(identity)).toMatchObject({ refundedMinor: 0 });
  });

  it('tok_refund_lost: is made, though the answer is lost', async () => {
    const { identity, refund } = await refunded('tok_refund_lost');
    await expect(refund()).rejects.toThrow('the line went dead');
    expect(await find(identity)).toMatchObject({ refundedMinor: 1000 });
    expect(await refund()).toMatchObject({ kind: 'succeeded' });
    expect(await find(identity)).toMatchObject({ refundedMinor: 1000 });
  });

  it('tok_refunded_elsewhere: goes back at the provider’s own site', async () => {
    const { identity, state } = await chargeWith('tok_refunded_elsewhere');
    expect(state).toMatchObject(succeeded);
    expect(await liveOn()).toEqual(['refund', 'tell']);
    expect(await find(identity)).toMatchObject({ refundedMinor: identity.amountMinor });
    expect(await followed()).toEqual([uuidOf(identity)]);
  });

  it('tok_disputed: the bank claims it back', async () => {
    const { identity } = await chargeWith('tok_disputed');
    expect(await liveOn()).toEqual(['dispute', 'tell']);
    expect(await find(identity)).toMatchObject({ kind: 'succeeded', disputed: true });
    expect(await followed()).toEqual([uuidOf(identity)]);
  });
});

describe('the job of a webhook', () => {
  it('fails, and so comes again, while the receiver does not take it', async () => {
    await chargeWith('tok_pending');
    const [settle] = await takeJobs(house, STEP);
    await runJob(house, STEP, settle?.payload ?? {});
    const [told] = await takeJobs(house, STEP);
    const deaf = { ...house, app: { ...house.app, publicUrl: `${house.url}/nowhere` } };
    await expect(runJob(deaf, STEP, told?.payload ?? {})).rejects.toThrow('answered with 404');
    await runJob(house, STEP, told?.payload ?? {});
    expect(await followed()).toHaveLength(1);
  });
});

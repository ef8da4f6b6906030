import { newId } from '../../../src/infra/ids';
import { ProviderFault } from '../../../src/modules/payments/provider';
import { bare, chargeOf, fake, intentOf, never, openStripeHouse } from './stripe-house';

openStripeHouse();

describe('refunds at Stripe', () => {
  async function paid(token = 'pm_card_visa') {
    const charge = chargeOf(token);
    await bare().charge(charge, never);
    const intent = intentOf(charge);
    const request = { key: newId(), charge, chargeReference: intent.id, amountMinor: 1000 };
    return { charge, intent, request };
  }

  it('are made once under a key, also when Stripe has forgotten it', async () => {
    const { request, intent } = await paid();
    const state = await bare().refund(request, never);
    fake.forgetKeys();
    expect(await bare().refund(request, never)).toEqual(state);
    expect(intent.latest_charge?.amount_refunded).toBe(1000);
  });

  it('are made once also where hundreds came after, as for a group', async () => {
    const { request, intent } = await paid();
    const first = { ...request, amountMinor: 10 };
    const state = await bare().refund(first, never);
    for (let i = 0; i < 250; i++) fake.refundAtDashboard(intent, 1);
    fake.forgetKeys();
    expect(await bare().refund(first, never)).toEqual(state);
    expect(intent.latest_charge?.amount_refunded).toBe(260);
  });

  it('are found again when the answer was lost', async () => {
    const { request, intent } = await paid();
    fake.fail(/POST \/v1\/refunds/, 'internal');
    await expect(bare().refund(request, never)).rejects.toBeInstanceOf(ProviderFault);
    fake.forgetKeys();
    await bare().refund(request, never);
    expect(intent.latest_charge?.amount_refunded).toBe(1000);
  });

  it('that somebody has made at Stripe’s own site leave nothing to give back', async () => {
    const { request, intent, charge } = await paid();
    fake.refundAtDashboard(intent, 4250);
    expect(await bare().refund(request, never)).toEqual({
      kind: 'refused',
      code: 'charge_already_refunded',
      refundedMinor: 4250,
    });
    expect(await bare().findCharge(charge, never)).toMatchObject({ refundedMinor: 4250 });
  });

  it('of more than is left are refused', async () => {
    const { request, intent } = await paid();
    fake.refundAtDashboard(intent, 4000);
    expect(await bare().refund(request, never)).toEqual({
      kind: 'refused',
      code: 'amount_too_large',
      refundedMinor: 4000,
    });
  });

  it('may be under way, or fail', async () => {
    const slow = await paid('pm_card_pendingRefund');
    expect(await bare().refund(slow.request, never)).toMatchObject({ kind: 'pending' });
    const [refund] = [...fake.refunds.values()].slice(-1);
    if (refund !== undefined) refund.status = 'succeeded';
    expect(await bare().refund(slow.request, never)).toMatchObject({ kind: 'succeeded' });
    const failing = await paid('pm_card_refundFail');
    expect(await bare().refund(failing.request, never)).toEqual({
      kind: 'refused',
      code: 'expired_or_canceled_card',
      refundedMinor: 0,
    });
  });

  it('in another unit are given back in that unit', async () => {
    const crowns = chargeOf('pm_card_visa', 500, 'ISK');
    await bare().charge(crowns, never);
    const chargeReference = intentOf(crowns).id;
    await bare().refund({ key: newId(), charge: crowns, chargeReference, amountMinor: 200 }, never);
    expect(intentOf(crowns).latest_charge?.amount_refunded).toBe(20_000);
    expect(await bare().findCharge(crowns, never)).toMatchObject({ refundedMinor: 200 });
  });

  it('and disputes of a charge are seen', async () => {
    const { intent, charge } = await paid();
    const calm = await bare().findCharge(charge, never);
    const dispute = fake.dispute(intent, 1000);
    expect(await bare().findCharge(charge, never)).toEqual({ ...calm, disputed: true });
    dispute.status = 'under_review';
    expect(await bare().findCharge(charge, never)).toEqual({ ...calm, disputed: true });
    // Stripe's charge goes on saying that it was disputed.
    dispute.status = 'won';
    expect(await bare().findCharge(charge, never)).toEqual(calm);
  });

  it('and a dispute that is lost is money given back, which Stripe does not count as refunded', async () => {
    const { intent, charge, request } = await paid();
    await bare().refund(request, never);
    const left = charge.amountMinor - request.amountMinor;
    fake.dispute(intent, left).status = 'lost';
    const lost = await bare().findCharge(charge, never);
    expect(lost).toMatchObject({ kind: 'succeeded', refundedMinor: charge.amountMinor });
    expect(lost).not.toHaveProperty('disputed');
  });
});

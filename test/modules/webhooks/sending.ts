/** A house that sends to webhooks, step by step. */
import { createHmac } from 'node:crypto';
import { requireId } from '../../../src/infra/ids';
import { mailOrder, type OwnerMailOrder } from '../../../src/modules/mail/mail.facts';
import { Deliverer } from '../../../src/modules/webhooks/deliverer';
import { webhookSink } from '../../../src/modules/webhooks/fan-out';
import { Relay } from '../../../src/outbox/relay';
import { openBoxOffice, type BoxOffice } from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import { numbered, record } from '../../outbox/facts';
import { webhooksAs, type WebhookData } from './operations';
import { startReceiver, type Receiver } from './receiver';

export let house: House;
export let office: BoxOffice;
export let relay: Relay;
export let deliverer: Deliverer;
let receivers: Receiver[];

/** A house with one organization that has webhooks, anew for each test. */
export function openSender(): void {
  beforeEach(async () => {
    house = await startHouse();
    office = await openBoxOffice(house);
    relay = new Relay(webhookSink(house.app), house.app);
    deliverer = new Deliverer(house.app);
    receivers = [];
    await relay.turn();
  });
  afterEach(async () => {
    await deliverer.stop();
    await Promise.all(receivers.map((each) => each.close()));
    await house.close();
  });
}

export async function receiver(): Promise<Receiver> {
  const started = await startReceiver();
  receivers.push(started);
  return started;
}
export const api = () => webhooksAs(house, office.ownerToken);
export async function hookTo(url: string, types: string[] = []): Promise<WebhookData> {
  const { data } = await api().create({ organizationId: office.organizationId, url, types });
  return data.createWebhook.webhook;
}
export const unblocked = (...nos: number[]): Promise<void> =>
  record(house, ...nos.map((no) => numbered(office.eventUuid, no)));

/** Facts become deliveries, and what is due is sent. */
export async function deliver(): Promise<void> {
  await relay.turn();
  await deliverer.turn();
  await deliverer.settled();
}
/** Attempts until nothing is due for so long: pauses are the clock's. */
export async function deliverLater(seconds: number): Promise<void> {
  house.clock.advance(seconds);
  await deliver();
}
export const nosAt = ({ received }: Receiver): number[] =>
  received.flatMap(({ envelope }) => envelope.data.seatNos);

export function join({ uuid }: GivenUser, role: 'OWNER' | 'MANAGER'): Promise<unknown> {
  return house.app.db.query(
    `INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, now())`,
    [requireId('Organization', office.organizationId), uuid, role],
  );
}

/** What waits to be written to owners about the webhook. */
export async function mailsAbout(id: string): Promise<OwnerMailOrder[]> {
  const rows = await house.app.db.query<{ payload: unknown }>(
    `SELECT j.payload FROM graphile_worker._private_jobs j
     JOIN graphile_worker._private_tasks t ON t.id = j.task_id
     WHERE t.identifier = 'send-mail' AND j.payload ->> 'subjectId' = $1 ORDER BY j.id`,
    [requireId('Webhook', id)],
  );
  return rows.map(({ payload }) => mailOrder.parse(payload) as OwnerMailOrder);
}

/** As docs/webhooks.md tells receivers to do it. */
export function verifies({ headers, body }: Receiver['received'][number], secret: string): boolean {
  const [t, ...macs] = String(headers['usher-signature']).split(',');
  const mac = createHmac('sha256', secret)
    .update(`${t?.slice(2)}.${body}`)
    .digest('hex');
  return macs.includes(`v1=${mac}`);
}

import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { badInput, DomainError, notFound, type FieldProblem } from '../../errors';
import { newId } from '../../infra/ids';
import { DOMAIN_EVENTS } from '../../outbox/domain-events';
import { addressIn, isPublicAddress } from './private-addresses';
import { newSecret } from './signature';
import { Webhook } from './webhook.entity';
import { ROTATION_MS, urlProblem, WEBHOOKS_MAX } from './webhook.rules';

export interface WebhookTerms {
  url: URL;
  types: readonly string[];
}

/** Throws BAD_USER_INPUT, and CONFLICT where the organization has as many as it may. */
export async function createWebhook(
  app: App,
  organizationId: string,
  terms: WebhookTerms,
): Promise<Webhook> {
  refuseIfAny(problemsOf(app, terms));
  return app.db.transaction(async (tx) => {
    // Two at once must not both be the last one: an organization's webhooks are made one after another.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || $1, 0))`, [
      organizationId,
    ]);
    const has = await tx.countBy(Webhook, { organizationId });
    if (has >= WEBHOOKS_MAX)
      throw new DomainError('CONFLICT', `An organization has at most ${WEBHOOKS_MAX} webhooks.`);
    const id = newId();
    await tx.insert(Webhook, {
      id,
      organizationId,
      url: terms.url.href,
      types: distinct(terms.types),
      secret: newSecret(),
      createdAt: app.clock.now(),
    });
    return tx.findOneByOrFail(Webhook, { id });
  });
}

export interface WebhookChanges {
  url?: URL;
  types?: readonly string[];
  active?: boolean;
}

/** Throws BAD_USER_INPUT, NOT_FOUND. */
export async function updateWebhook(
  app: App,
  id: string,
  { url, types, active }: WebhookChanges,
): Promise<Webhook> {
  refuseIfAny(problemsOf(app, { url, types }));
  return app.db.transaction(async (tx) => {
    const current = await locked(tx, id);
    const switched =
      active === undefined || active === current.active ? {} : switchedTo(active, app.clock.now());
    await tx.update(
      Webhook,
      { id },
      {
        url: url?.href ?? current.url,
        types: types === undefined ? current.types : distinct(types),
        ...switched,
      },
    );
    return tx.findOneByOrFail(Webhook, { id });
  });
}

/** Its deliveries go with it. */
export async function deleteWebhook(app: App, id: string): Promise<void> {
  await app.db.orm.manager.delete(Webhook, { id });
}

/** A new secret; the one before signs as well for a day. Throws NOT_FOUND. */
export function rotateSecret(app: App, id: string): Promise<Webhook> {
  return app.db.transaction(async (tx) => {
    const { secret } = await locked(tx, id);
    const until = new Date(app.clock.now().getTime() + ROTATION_MS);
    await tx.update(
      Webhook,
      { id },
      { secret: newSecret(), previousSecret: secret, previousSecretUntil: until },
    );
    return tx.findOneByOrFail(Webhook, { id });
  });
}

async function locked(tx: EntityManager, id: string): Promise<Webhook> {
  const webhook = await tx.findOne(Webhook, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (webhook === null) throw notFound('webhook');
  return webhook;
}

function switchedTo(active: boolean, now: Date) {
  return active
    ? { active, disabledAt: null, disabledReason: null, failingSince: null, pausedUntil: null }
    : { active, disabledAt: now, disabledReason: 'It was switched off.' };
}

function problemsOf(app: App, { url, types }: Partial<WebhookTerms>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const message = url && (urlProblem(url) ?? innerProblem(app, url));
  if (message !== undefined) problems.push({ path: 'input.url', message });
  types?.forEach((type, i) => {
    if (!Object.hasOwn(DOMAIN_EVENTS, type))
      problems.push({ path: `input.types.${i}`, message: 'is not a type of domain event' });
  });
  return problems;
}

/** What the text of a URL tells already; names are looked up when something is sent. */
function innerProblem(app: App, { hostname }: URL): string | undefined {
  const address = addressIn(hostname);
  if (app.config.webhooksAllowPrivate || address === undefined || isPublicAddress(address))
    return undefined;
  return 'must lead to an address on the internet';
}

function distinct(types: readonly string[]): string[] {
  return [...new Set(types)];
}

function refuseIfAny(problems: FieldProblem[]): void {
  if (problems.length > 0) throw badInput(problems);
}

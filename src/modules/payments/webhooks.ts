/**
 * POST /webhooks/mock and /webhooks/stripe. Whoever knows the address may write here, so nothing is
 * read before the signature over the raw bytes has been found right, and a wrong one learns nothing.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app.types';
import { withCorrelation } from '../../infra/logger';
import type { ProviderName } from './provider';
import { receiveWebhook } from './webhook.service';

/** Providers' messages are some kilobytes. */
const WEBHOOK_BYTES_MAX = 256 * 1024;

const ROUTES: Readonly<Record<string, ProviderName>> = {
  '/webhooks/mock': 'MOCK',
  '/webhooks/stripe': 'STRIPE',
};

export async function registerWebhooks(server: FastifyInstance, app: App): Promise<void> {
  await server.register((scope, _options, done) => {
    // The bytes as they came, of whatever type they call themselves: they are what is signed.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: WEBHOOK_BYTES_MAX },
      (_request, body, parsed) => parsed(null, body),
    );
    for (const [path, name] of Object.entries(ROUTES)) {
      scope.post(path, { bodyLimit: WEBHOOK_BYTES_MAX }, (request, reply) =>
        withCorrelation({ correlationId: request.id }, () => receive(app, name, request, reply)),
      );
    }
    done();
  });
}

async function receive(
  app: App,
  name: ProviderName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const provider = app.payments[name];
  if (provider === undefined) {
    reply.callNotFound();
    return reply;
  }
  const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  let note;
  try {
    note = provider.readWebhook(rawBody, request.headers);
  } catch (error) {
    app.metrics.webhooks.inc({ provider: name, outcome: 'refused' });
    // The reason alone: a library's error may carry the whole message.
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unknown';
    app.log.warn({ provider: name, reason }, 'a webhook was refused');
    return reply.code(400).send({
      errors: [{ message: 'This is no webhook of ours.', extensions: { code: 'BAD_USER_INPUT' } }],
    });
  }
  const outcome = await receiveWebhook(app, name, note);
  app.metrics.webhooks.inc({ provider: name, outcome });
  const about = { provider: name, webhookId: note.id, about: note.about, paymentId: note.key };
  if (outcome === 'unknown_payment') app.log.warn(about, 'a webhook is about no payment of ours');
  else app.log.info({ ...about, outcome }, 'a webhook came');
  return reply.send({ received: true });
}

/** How the MOCK provider's messages travel: JSON, signed, by HTTP. */
import type { IncomingHttpHeaders } from 'node:http';
import type { WebhookNote } from '../provider';
import { mockMessage, type MockMessage } from './ledger';
import { MOCK_SIGNATURE_HEADER, signMockWebhook, verifyMockWebhook } from './signature';

/** A receiver that takes longer is asked again. */
const DELIVERY_MS_MAX = 10_000;

/** Throws where the signature is wrong or old, or the message is none. */
export function readMockWebhook(
  secret: string,
  rawBody: Buffer,
  headers: IncomingHttpHeaders,
  now: Date,
): WebhookNote {
  verifyMockWebhook(secret, rawBody, headers[MOCK_SIGNATURE_HEADER], now);
  const { occurredAt, ...rest } = mockMessage.parse(JSON.parse(rawBody.toString('utf8')));
  return { ...rest, occurredAt: new Date(occurredAt) };
}

/** Throws unless the receiver took it. */
export async function deliverMockWebhook(
  url: string,
  secret: string,
  message: MockMessage,
  now: Date,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(message));
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [MOCK_SIGNATURE_HEADER]: signMockWebhook(secret, body, now),
    },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(DELIVERY_MS_MAX),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the webhook was answered with ${response.status}`);
}

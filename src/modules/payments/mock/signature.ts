/**
 * How the MOCK provider signs its webhooks: `mock-signature: t=<seconds>,v1=<hex>`, where v1 is
 * HMAC-SHA256 of `<seconds>.<body>`. The time is signed too, so that an old message is told from a new one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const MOCK_SIGNATURE_HEADER = 'mock-signature';
/** A message may be on its way for this long; clocks may be apart by as much. */
const TOLERANCE_SECONDS = 300;

function macOf(secret: string, seconds: string, body: Buffer): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
}

export function signMockWebhook(secret: string, body: Buffer, now: Date): string {
  const seconds = String(Math.floor(now.getTime() / 1000));
  return `t=${seconds},v1=${macOf(secret, seconds, body).toString('hex')}`;
}

/** Throws unless `header` was made with `secret` for exactly these bytes, and not long ago. */
export function verifyMockWebhook(
  secret: string,
  body: Buffer,
  header: string | string[] | undefined,
  now: Date,
): void {
  const [, seconds, mac] =
    /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(typeof header === 'string' ? header : '') ?? [];
  if (seconds === undefined || mac === undefined) throw new Error('there is no signature');
  if (!timingSafeEqual(Buffer.from(mac, 'hex'), macOf(secret, seconds, body))) {
    throw new Error('the signature is wrong');
  }
  if (Math.abs(now.getTime() / 1000 - Number(seconds)) > TOLERANCE_SECONDS) {
    throw new Error('the signature is too old, or of another time');
  }
}

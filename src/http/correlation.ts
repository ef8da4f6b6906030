/** The id under which a request stands in logs and answers. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Taken over from a proxy or a client; anything odd is replaced. */
const CORRELATION_ID = /^[\w.:-]{1,100}$/;

export function correlationIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && CORRELATION_ID.test(given) ? given : randomUUID();
}

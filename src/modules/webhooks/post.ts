/** One POST to an address that a stranger has chosen: bounded in time and bytes, and never led elsewhere. */
import { lookup, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { addressIn, isPublicAddress } from './private-addresses';

const TIMEOUT_MS = 10_000;
/** Read of an answer, for its own sake; the rest is left. */
const ANSWER_BYTES_MAX = 4_096;

export interface Post {
  url: string;
  body: string;
  headers: Record<string, string>;
  /** Whether addresses that are not the internet's may be sent to. */
  allowPrivate: boolean;
  signal?: AbortSignal;
}

/** Null where there was no answer at all. */
export interface PostOutcome {
  statusCode: number | null;
  /** Undefined: it was taken. */
  error: string | undefined;
  durationMs: number;
}

/** Never rejects. */
export async function post(wanted: Post): Promise<PostOutcome> {
  const startedMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const statusCode = await send(wanted);
    return { statusCode, error: problemOf(statusCode), durationMs: durationMs() };
  } catch (error) {
    const timedOut = (error as Error).name === 'TimeoutError';
    const why = timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : (error as Error).message;
    return { statusCode: null, error: why, durationMs: durationMs() };
  }
}

function problemOf(status: number): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return `answered ${status}: redirections are not followed`;
  return `answered ${status}`;
}

function send({ url, body, headers, allowPrivate, signal }: Post): Promise<number> {
  const target = new URL(url);
  // An address in the URL itself is not looked up, and so would pass the look-up's check.
  const literal = addressIn(target.hostname);
  if (!allowPrivate && literal !== undefined && !isPublicAddress(literal))
    return Promise.reject(notPublic());
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const ended = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      target,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal: ended,
        lookup: allowPrivate ? undefined : lookUpPublic,
        agent: false,
      },
      (answer) => {
        const done = (): void => resolve(answer.statusCode ?? 0);
        readSome(answer, done);
      },
    );
    outgoing.on('error', (error) => reject(timeout.aborted ? (timeout.reason as Error) : error));
    outgoing.end(body);
  });
}

/** A status is enough; what comes with it is read so far that a short answer ends properly. */
function readSome(answer: IncomingMessage, done: () => void): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) answer.destroy();
  });
  answer.on('error', () => undefined);
  answer.once('close', done);
}

/** Checked here, at the connection's own look-up: a name may lead elsewhere the second time it is asked. */
const lookUpPublic: LookupFunction = (hostname, options, found) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) {
      found(error, '');
      return;
    }
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address)))
      found(notPublic(), '');
    else if (options.all) found(null, addresses);
    else found(null, first.address, first.family);
  });
};

function notPublic(): Error {
  return new Error('leads to an address that is not on the internet');
}

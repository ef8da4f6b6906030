/**
 * What is read of a request. Only the import of a seating plan is large, and only who has an account can
 * import one: from others no more is taken than any other operation needs. JSON is parsed in one turn of
 * the event loop, and its cost is the number of its values more than of its bytes: a plan is one long
 * string, while as many bytes of small values would keep everybody else waiting for seconds.
 */
import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Viewer } from '../graphql/context';
import { DomainError } from '../errors';

/** A seating plan of 8 MB travels as a JSON string, whose quotes may double it. */
export const BODY_BYTES_MAX = 17 * 1024 * 1024;
/** Of those without an account: several times the longest list of seats. */
export const STRANGERS_BODY_BYTES_MAX = 1024 * 1024;
/**
 * What begins a list or an object and what stands between values: several times as many as the variables of
 * an operation may have, which are counted once they are parsed, and refused in other words.
 */
const MARKS_MAX = 300_000;

const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE = 0x7b;
const BRACKET = 0x5b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class BodyRefused extends DomainError {
  readonly statusCode = 413;
}

export function boundBodies(
  server: FastifyInstance,
  who: (authorization: string | undefined) => Viewer,
): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const declared = Number(request.headers['content-length'] ?? 0);
    // What still comes is thrown away, for clients that read only once they have sent all.
    const isMuch = declared > STRANGERS_BODY_BYTES_MAX && declared <= BODY_BYTES_MAX;
    done(isMuch ? refusalOf(request, who) : undefined);
  });
  // Who does not say how much is coming is asked for the token when it has become much.
  server.addHook('preParsing', (request, reply, payload, done) => {
    if (request.headers['transfer-encoding'] === undefined) {
      done(null, payload);
      return;
    }
    let bytes = 0;
    const counted = new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        bytes += chunk.length;
        const refusal = bytes > STRANGERS_BODY_BYTES_MAX ? refusalOf(request, who) : undefined;
        if (refusal !== undefined) void reply.header('connection', 'close');
        next(refusal, chunk);
      },
    });
    payload.once('error', (error) => counted.destroy(error));
    done(null, payload.pipe(counted));
  });

  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      if (body.length > MARKS_MAX && hasManyValues(body)) {
        const message =
          'The JSON of this request has very many values, more than any operation needs.';
        done(new BodyRefused('BAD_USER_INPUT', message));
        return;
      }
      return void parse(request, body.toString(), done);
    },
  );
}

/** Undefined for who has an account. */
function refusalOf(
  request: FastifyRequest,
  who: (authorization: string | undefined) => Viewer,
): BodyRefused | undefined {
  try {
    if (who(request.headers.authorization).kind === 'user') return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return new BodyRefused(error.code, error.message);
  }
  const most = STRANGERS_BODY_BYTES_MAX / 1024 / 1024;
  const message = `Requests of more than ${most} MB are for those who have logged in with an account.`;
  return new BodyRefused('BAD_USER_INPUT', message);
}

/** Looks no further than the limit. */
function hasManyValues(json: Buffer): boolean {
  let marks = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
    } else if (byte === COMMA || byte === COLON || byte === BRACE || byte === BRACKET) {
      marks += 1;
      if (marks > MARKS_MAX) return true;
    }
  }
  return false;
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

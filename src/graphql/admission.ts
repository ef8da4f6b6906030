/**
 * How many requests a process works on at once. Past that an answer is quick and says to come back:
 * a queue that grows without a bound would serve everybody late, and the health checks too.
 */
import type { FastifyReply } from 'fastify';
import { DomainError } from '../errors';

/**
 * Eight for each of the pool's connections: enough to keep the database busy, and about half a second
 * for whoever is let in last. Measured on two cores with 2,000 clients asking without a pause: 64, 128
 * and 256 serve equally many (some 270 holds a second), but from 128 to 256 the slowest health check goes
 * from 150 to 470 ms.
 */
const IN_FLIGHT_MAX = 128;
/**
 * For refusing, in each turn of the event loop. With no bound there, the same 2,000 clients got 150
 * holds a second instead of 270, since every answer of the database waited for a turn full of refusals.
 */
const REFUSING_MS_MAX = Number(process.env['X_MS'] ?? 20);

export class Admission {
  private inFlight = 0;

  constructor(private readonly most = IN_FLIGHT_MAX) {}

  /** True when there is room; then leave() must follow, once. */
  enter(): boolean {
    if (this.inFlight >= this.most) return false;
    this.inFlight++;
    return true;
  }

  leave(): void {
    this.inFlight--;
  }
}

const { message, extensions } = new DomainError(
  'RATE_LIMITED',
  'Very many are asking at this moment. Come back in a second.',
  { retryAfterSeconds: 1 },
);
const BODY = JSON.stringify({ errors: [{ message, extensions }] });

/**
 * Answers those there is no room for, first come first, for a while in each turn of the event loop: who
 * is not answered does not ask again, so a crowd that never waits cannot fill turns with its refusals
 * while the database's answers to those inside, and the health checks, wait for the turn's end.
 */
export class Refusals {
  private waiting: FastifyReply[] = [];

  add(reply: FastifyReply): void {
    this.waiting.push(reply);
    if (this.waiting.length === 1) setImmediate(() => this.answerSome());
  }

  private answerSome(): void {
    const endsAtMs = performance.now() + REFUSING_MS_MAX;
    let answered = 0;
    for (const reply of this.waiting) {
      refuse(reply);
      answered += 1;
      if (performance.now() >= endsAtMs) break;
    }
    this.waiting = this.waiting.slice(answered);
    if (this.waiting.length > 0) setImmediate(() => this.answerSome());
  }
}

function refuse(reply: FastifyReply): void {
  void reply
    .code(429)
    .header('retry-after', '1')
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(BODY);
}

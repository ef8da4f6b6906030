/**
 * How many requests a process works on at once. Past that an answer is quick and says to come back:
 * a queue that grows without a bound would serve everybody late, and the health checks too.
 */
import type { FastifyReply } from 'fastify';
import { DomainError } from '../errors';

/** Enough to keep the database busy through its pool; each waits for it some tens of milliseconds. */
const IN_FLIGHT_MAX = Number(process.env['X_IN_FLIGHT'] ?? 256);

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

/** Refusals written in one turn of the event loop: some 5 ms of work. */
const REFUSALS_A_TURN_MAX = Number(process.env['X_TURN'] ?? 100);
const { message, extensions } = new DomainError(
  'RATE_LIMITED',
  'Very many are asking at this moment. Come back in a second.',
  { retryAfterSeconds: 1 },
);
const BODY = JSON.stringify({ errors: [{ message, extensions }] });

/**
 * Answers those there is no room for, first come first, a few in each turn of the event loop: who is
 * not answered does not ask again, so a crowd that never waits cannot fill a turn with its refusals
 * while the database's answers to those inside, and the health checks, wait for the turn's end.
 */
export class Refusals {
  private waiting: FastifyReply[] = [];

  add(reply: FastifyReply): void {
    this.waiting.push(reply);
    if (this.waiting.length === 1) setImmediate(() => this.answerSome());
  }

  private answerSome(): void {
    for (const reply of this.waiting.splice(0, REFUSALS_A_TURN_MAX)) {
      void reply
        .code(429)
        .header('retry-after', '1')
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(BODY);
    }
    if (this.waiting.length > 0) setImmediate(() => this.answerSome());
  }
}

/**
 * How many requests a process works on at once. Past that an answer is quick and says to come back:
 * a queue that grows without a bound would serve everybody late, and the health checks too.
 */
import { DomainError } from '../errors';

/** Enough to keep the database busy through its pool; each waits for it some tens of milliseconds. */
const IN_FLIGHT_MAX = 256;

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

export function tooBusy(): DomainError {
  return new DomainError(
    'RATE_LIMITED',
    'Very many are asking at this moment. Come back in a second.',
    {
      retryAfterSeconds: 1,
    },
  );
}

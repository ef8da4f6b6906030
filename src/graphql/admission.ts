/**
 * How many requests a process works on at once. Past that an answer is quick and says to come back:
 * a queue that grows without a bound would serve everybody late, and the health checks too.
 */

/**
 * Sixteen for each of the pool's connections: enough to keep the database busy, and room for a burst of
 * honest queries. Half or a quarter of it serves as many a second, and lets the last one wait less.
 */
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

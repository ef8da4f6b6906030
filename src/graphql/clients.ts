/** Everybody who has a connection open, and what is looked after once a second for all of them. */
import type { App } from '../app.types';
import { countedAs } from '../infra/client-address';
import type { Connection } from './connection';

/** How long a client may leave what it was sent unread. */
const BEHIND_MS_MAX = 30_000;
const SWEEP_MS = 1_000;
/** A ping every so many sweeps, a different part of the clients in each; no answer until the next ends it. */
const SWEEPS_A_PING = 12;

export class Clients {
  private readonly connections = new Set<Connection>();
  private readonly perAddress = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private sweeps = 0;

  constructor(
    private readonly app: App,
    private readonly endExpired: () => void,
  ) {
    this.timer = setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** False where too many connections are open from this address. */
  mayEnter(address: string): boolean {
    const { rateLimits, connectionsPerAddress } = this.app.config;
    if (!rateLimits || connectionsPerAddress === 0) return true;
    return (this.perAddress.get(countedAs(address)) ?? 0) < connectionsPerAddress;
  }

  enter(connection: Connection): void {
    const address = countedAs(connection.remoteAddress);
    this.connections.add(connection);
    this.perAddress.set(address, (this.perAddress.get(address) ?? 0) + 1);
    connection.pingSlot = this.connections.size % SWEEPS_A_PING;
  }

  leave(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const address = countedAs(connection.remoteAddress);
    const left = (this.perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.perAddress.set(address, left);
    else this.perAddress.delete(address);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private sweep(): void {
    const nowMs = this.app.clock.monotonicMs();
    const slot = ++this.sweeps % SWEEPS_A_PING;
    for (const connection of this.connections) {
      const { behindSinceMs } = connection;
      if (behindSinceMs !== undefined) {
        if (nowMs - behindSinceMs > BEHIND_MS_MAX) connection.cutOff();
      } else if (connection.pingSlot === slot) {
        connection.ping();
      }
    }
    this.endExpired();
  }
}

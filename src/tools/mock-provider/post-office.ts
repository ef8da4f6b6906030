/** Sends the MOCK service's webhooks, again and again until they are taken, or as whoever tests it says. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MockMessage } from '../../modules/payments/mock/ledger';
import { deliverMockWebhook } from '../../modules/payments/mock/webhook';

/** deliver: as it should be. hold: kept until released. drop: never sent. duplicate: each twice. */
export const POST_MODES = ['deliver', 'hold', 'drop', 'duplicate'] as const;
export type PostMode = (typeof POST_MODES)[number];

/** Some minutes of trying. */
const TRIES_MAX = 120;
const RETRY_MS_MAX = 3_000;
const RETRY_MS_FIRST = 100;
/** More than that is a leak, and no test. */
const HELD_MAX = 10_000;

export class PostOffice {
  mode: PostMode = 'deliver';
  /** Where to; nothing is sent while it is unknown. */
  url: string | undefined;
  delivered = 0;
  private readonly held: MockMessage[] = [];
  private readonly closing = new AbortController();

  constructor(private readonly secret: string) {}

  get waiting(): number {
    return this.held.length;
  }

  /** Takes a message in. What goes wrong on the way is tried again, and nobody waits for it. */
  post(message: MockMessage): void {
    if (this.mode === 'drop') return;
    if (this.mode === 'hold') {
      if (this.held.length < HELD_MAX) this.held.push(message);
      return;
    }
    void this.deliver(message);
    if (this.mode === 'duplicate') void this.deliver(message);
  }

  /** Sends what was held, in order or the last one first, one after the other. */
  async release(order: 'forward' | 'backward'): Promise<void> {
    const messages = this.held.splice(0);
    if (order === 'backward') messages.reverse();
    for (const message of messages) await this.deliver(message);
  }

  close(): void {
    this.closing.abort();
  }

  private async deliver(message: MockMessage): Promise<void> {
    const { signal } = this.closing;
    for (let tries = 0; tries < TRIES_MAX && !signal.aborted; tries++) {
      try {
        if (this.url === undefined) throw new Error('nobody has said where to send webhooks');
        await deliverMockWebhook(this.url, this.secret, message, new Date());
        this.delivered++;
        return;
      } catch {
        // The receiver may be down on purpose: that is what this service is for.
        const delayMs = Math.min(RETRY_MS_FIRST * 2 ** tries, RETRY_MS_MAX);
        await pause(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

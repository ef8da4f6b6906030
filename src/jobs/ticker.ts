import type { App } from '../app.types';
import { newId } from '../infra/ids';
import { withCorrelation } from '../infra/logger';

/** Work done every few moments in each worker process: what a queue's minutes are too coarse for. */
export interface Ticker {
  /** Pause between two runs: the next one starts that long after the last has ended. */
  everyMs: number;
  run: (app: App) => Promise<void>;
  /** After the last run: gives back what should not wait until it runs out by itself. */
  stop?: (app: App) => Promise<void>;
}

/** Runs tickers until stopped; a run that fails is logged and the next comes all the same. */
export class Tickers {
  private readonly loops: { name: string; timer?: NodeJS.Timeout; running?: Promise<void> }[] = [];
  private stopped = false;
  private lastSuccessAtMs = performance.now();

  constructor(
    private readonly app: App,
    private readonly tickers: Readonly<Record<string, Ticker>>,
  ) {}

  start(): void {
    for (const [name, ticker] of Object.entries(this.tickers)) {
      const loop: (typeof this.loops)[number] = { name };
      this.loops.push(loop);
      const next = (): void => {
        loop.running = this.run(name, ticker).finally(() => {
          if (!this.stopped) loop.timer = setTimeout(next, ticker.everyMs);
        });
      };
      next();
    }
  }

  /** Milliseconds since any ticker last did its work without a fault. */
  get silentMs(): number {
    return performance.now() - this.lastSuccessAtMs;
  }

  /** Waits for the runs under way, and lets each ticker give back what it holds. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const loop of this.loops) clearTimeout(loop.timer);
    await Promise.all(this.loops.map(async (loop) => loop.running));
    await Promise.all(Object.entries(this.tickers).map(([name, ticker]) => this.end(name, ticker)));
  }

  private async end(name: string, { stop }: Ticker): Promise<void> {
    try {
      await stop?.(this.app);
    } catch (error) {
      this.app.log.warn({ err: error, ticker: name }, 'a ticker did not stop cleanly');
    }
  }

  private async run(name: string, { run }: Ticker): Promise<void> {
    try {
      await withCorrelation({ correlationId: `${name}-${newId()}` }, () => run(this.app));
      this.lastSuccessAtMs = performance.now();
    } catch (error) {
      this.app.log.error({ err: error, ticker: name }, 'a ticker failed; it will come round again');
    }
  }
}

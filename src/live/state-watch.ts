/**
 * Tells of one thing's new states, from news that may get lost and a database that does not: each
 * piece of news, and the clock now and then, is a reason to read the state again. So a lost message
 * delays and never misleads.
 */
import type { News } from './news';

export interface WatchedState<T> {
  news: News;
  /** Where news of it is told. */
  channel: string;
  /** Undefined where it is gone: then the telling ends. */
  read: () => Promise<T | undefined>;
  /** What tells two states apart; states with the same are told once. */
  fingerprint: (state: T) => string;
  /** When to look again without having been told. */
  recheckMs: (state: T) => number;
  /** Whether it can never change again: then the telling ends. */
  isFinal: (state: T) => boolean;
}

/** The state each time it differs from what was told before. `known` counts as told unless `tellFirst`. */
export function watchState<T>(
  watched: WatchedState<T>,
  known: T,
  options: { tellFirst: boolean },
): AsyncIterableIterator<T> {
  const alarm = new Alarm();
  const states = changesOf(watched, known, options.tellFirst, alarm);
  return {
    next: () => states.next(),
    // A generator ends only when it is not waiting: so it is woken, and finds that it shall end.
    return: async () => {
      alarm.end();
      return (await states.return()) as IteratorResult<T>;
    },
    throw: (error: unknown) => states.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* changesOf<T>(
  watched: WatchedState<T>,
  known: T,
  tellFirst: boolean,
  alarm: Alarm,
): AsyncGenerator<T, void, undefined> {
  const unlisten = watched.news.listen(watched.channel, () => alarm.ring());
  let last = known;
  let told = watched.fingerprint(known);
  alarm.ring(); // read once at the start: it may have changed since `known` was read
  try {
    if (tellFirst) yield known;
    while (!watched.isFinal(last)) {
      await alarm.wait(watched.recheckMs(last));
      if (alarm.ended) return;
      const now = await watched.read();
      if (now === undefined) return;
      last = now;
      const telling = watched.fingerprint(now);
      if (telling !== told) {
        told = telling;
        yield now;
      }
    }
  } finally {
    unlisten();
  }
}

/** Rings when there is something to look at; a ring while nobody waits is kept. */
class Alarm {
  ended = false;
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.ring();
  }

  /** Until the alarm rings, or `ms` have passed. */
  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      this.wake = undefined;
    }
    this.rung = false;
  }
}

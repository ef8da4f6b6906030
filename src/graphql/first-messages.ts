/**
 * First messages, made once for all who come in the same moment: a process that went away brings its
 * thousands back at once, and each is to be told the same. Kept for so short a time that nothing has
 * to be told when it is over, and found only by who stands at the very same state.
 */
import type { DocumentNode } from 'graphql';
import type { Payload } from './payload';

/** For how long a message is kept at most: what is not in the state it is found by must not grow old. */
const KEPT_MS = 500;
/** Who comes back with a cursor is told what changed since: a crowd's cursors are a few seconds' worth. */
const MESSAGES_MAX = 32;
/** Together; longer ones are shared only by who comes while they are made. */
const BYTES_MAX = 8 * 1024 * 1024;

/** A message made for nobody in particular. */
export interface MadeForAll {
  payload: Payload;
  /** Nothing but the state it was made from went into it. */
  pure: boolean;
}

export class FirstMessages {
  /** The longest made first. */
  private readonly made = new Map<string, Promise<Payload | undefined>>();
  /** Asked for again and again in vain: these are made for each alone. */
  private readonly unshared = new WeakSet<DocumentNode>();
  private bytes = 0;
  private timer: NodeJS.Timeout | undefined;

  /** The message of this key, undefined where each has to have its own. */
  async get(
    document: DocumentNode,
    key: () => string,
    make: () => Promise<MadeForAll | undefined>,
  ): Promise<Payload | undefined> {
    if (this.unshared.has(document)) return undefined;
    const name = key();
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const making = this.make(document, name, make);
    this.keep(name, making);
    return making;
  }

  private async make(
    document: DocumentNode,
    name: string,
    make: () => Promise<MadeForAll | undefined>,
  ): Promise<Payload | undefined> {
    let shared: Payload | undefined;
    try {
      const made = await make();
      if (made?.pure) shared = made.payload;
      else this.unshared.add(document);
      return shared;
    } finally {
      this.bytes += shared?.byteLength ?? 0;
      if (shared === undefined || this.bytes > BYTES_MAX) this.made.delete(name);
    }
  }

  private keep(name: string, making: Promise<Payload | undefined>): void {
    this.made.set(name, making);
    if (this.made.size > MESSAGES_MAX) {
      const [oldest] = this.made.keys();
      if (oldest !== undefined) this.made.delete(oldest);
    }
    this.timer ??= setTimeout(() => this.forget(), KEPT_MS).unref();
  }

  private forget(): void {
    this.timer = undefined;
    this.bytes = 0;
    this.made.clear();
  }
}

/**
 * Which of an event's seats have changed since a cursor, for those who come back with one. What was not
 * to be seen yet when the event was loaded, memory knows: the log has told it since, and each row names
 * its transaction. What was, the log is asked for, once for all who come back with the same cursor: a
 * restart brings thousands with very few different ones.
 */
import { seenBelow, type ChangesFound, type Seen } from './change-log.sql';

/** Older cursors whose answer is kept: they are a second apart, and a crowd's span a few seconds. */
const REPLAYS_KEPT = 16;

/** What the log said about the time before. */
interface Earlier {
  prunedBelow: bigint;
  /** Undefined where it was too much to tell. */
  nos: readonly number[] | undefined;
}

export class RecentChanges {
  /** For each seat the last transaction known to have changed it. Exact: ids stay far below 2^53. */
  private readonly changedIn: Float64Array;
  private readonly replays = new Map<bigint, Promise<Earlier>>();
  /** The last answer from memory; who comes back in the same moment gets the same. */
  private last: { horizon: bigint; nos: number[] } | undefined;

  constructor(
    seatCount: number,
    /** No transaction at or above this one was to be seen when the event was loaded. */
    private readonly knownFrom: bigint,
    private readonly readSince: (seen: Seen) => Promise<ChangesFound>,
  ) {
    this.changedIn = new Float64Array(seatCount);
  }

  /** To be called for each row that was not to be seen when the event was loaded. */
  note(nos: readonly number[], xid: bigint): void {
    const id = Number(xid);
    for (const no of nos) if (id > this.changedIn[no]!) this.changedIn[no] = id;
    this.last = undefined;
  }

  /**
   * Seats changed at or above `horizon`, each once; undefined where that cannot be told, or is more than
   * a whole map is worth. All readings up to now must have been noted.
   */
  async since(horizon: bigint): Promise<readonly number[] | undefined> {
    if (horizon >= this.knownFrom) return this.inMemory(horizon);
    const { nos, prunedBelow } = await this.replay(horizon);
    if (nos === undefined || prunedBelow > horizon) return undefined;
    return [...new Set([...nos, ...this.inMemory(horizon)])];
  }

  private inMemory(horizon: bigint): number[] {
    if (this.last?.horizon !== horizon) {
      const from = Number(horizon);
      const nos: number[] = [];
      for (let no = 0; no < this.changedIn.length; no++)
        if (this.changedIn[no]! >= from) nos.push(no);
      this.last = { horizon, nos };
    }
    return this.last.nos;
  }

  /** An answer stays good: what has come since it was given is in memory. */
  private replay(horizon: bigint): Promise<Earlier> {
    const known = this.replays.get(horizon);
    if (known !== undefined) return known;
    const asked = this.readSince(seenBelow(horizon)).then(
      ({ prunedBelow, changes }) => ({
        prunedBelow,
        nos: changes && [...new Set(changes.flatMap(({ nos }) => nos))],
      }),
      (error: unknown) => {
        this.replays.delete(horizon);
        throw error;
      },
    );
    this.replays.set(horizon, asked);
    if (this.replays.size > REPLAYS_KEPT) {
      const [oldest] = this.replays.keys();
      if (oldest !== undefined) this.replays.delete(oldest);
    }
    return asked;
  }
}

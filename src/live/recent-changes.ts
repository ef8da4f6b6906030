/**
 * Which of an event's seats have changed since a cursor, for those who come back with one. From the
 * horizon on at which the event was loaded, memory knows: the log has been read since, and each row
 * names its transaction. For an older cursor the log is asked what was before, once for all who come
 * back with the same: a restart brings thousands with very few different ones.
 */
import { seenBelow, type ChangesFound, type Seen } from './change-log.sql';

/** Older cursors whose answer is kept: they are a second apart, and a crowd's span a few seconds. */
const REPLAYS_KEPT = 16;

export class RecentChanges {
  /** For each seat the last transaction known to have changed it. Exact: ids stay far below 2^53. */
  private readonly changedIn: Float64Array;
  private readonly replays = new Map<bigint, Promise<ChangesFound | undefined>>();
  /** The last answer from memory; who comes back in the same moment gets the same. */
  private last: { horizon: bigint; nos: number[] } | undefined;

  constructor(
    seatCount: number,
    /** From here on, every transaction that changed a seat is handed to note(). */
    private readonly knownFrom: bigint,
    private readonly readSince: (seen: Seen) => Promise<ChangesFound>,
  ) {
    this.changedIn = new Float64Array(seatCount);
  }

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
    const earlier = await this.replay(horizon);
    if (earlier?.changes === undefined || earlier.prunedBelow > horizon) return undefined;
    const nos = new Set(this.inMemory(this.knownFrom));
    for (const change of earlier.changes) for (const no of change.nos) nos.add(no);
    return [...nos];
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

  /** Whatever it does not show, since it was asked earlier, has been noted by transaction. */
  private replay(horizon: bigint): Promise<ChangesFound | undefined> {
    const known = this.replays.get(horizon);
    if (known !== undefined) return known;
    const asked = this.readSince(seenBelow(horizon)).catch((error: unknown) => {
      this.replays.delete(horizon);
      throw error;
    });
    this.replays.set(horizon, asked);
    if (this.replays.size > REPLAYS_KEPT) {
      const [oldest] = this.replays.keys();
      if (oldest !== undefined) this.replays.delete(oldest);
    }
    return asked;
  }
}

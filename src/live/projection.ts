/**
 * One event's inventory in memory: typed arrays in plan order, and counts. Pure: it is handed changes
 * and instants, and never asks for either.
 *
 * A change applies only where its version is greater than the one known, so that it may come twice,
 * late or out of order. A held seat whose deadline has passed is available; lapse() makes it so, with
 * the version it has: the sweeper's own change comes later with the next one.
 */
import type { SeatChange, SeatSnapshot, SeatStatusLetter } from './change-log.sql';

export interface SeatCounts {
  total: number;
  available: number;
  held: number;
  sold: number;
  blocked: number;
}

const LETTERS: readonly SeatStatusLetter[] = ['A', 'H', 'S', 'B'];
const CODE: Record<SeatStatusLetter, number> = { A: 0, H: 1, S: 2, B: 3 };
const AVAILABLE = CODE.A;
const HELD = CODE.H;
const NEVER = Number.POSITIVE_INFINITY;

export class Projection {
  readonly seatCount: number;
  private readonly codes: Uint8Array;
  private readonly versions: Uint32Array;
  private readonly categoryNos: Uint16Array;
  /** NEVER where the seat is not held, or held for good. */
  private readonly heldUntilMs: Float64Array;
  /** No held seat lapses before this instant. */
  private nextLapseMs = NEVER;
  /** counts[category][status code] */
  private readonly counts: (Uint32Array | undefined)[] = [];
  private statusesText: string | undefined;

  constructor(snapshot: SeatSnapshot) {
    this.seatCount = snapshot.statuses.length;
    this.codes = new Uint8Array(this.seatCount);
    this.versions = Uint32Array.from(snapshot.versions);
    this.categoryNos = Uint16Array.from(snapshot.categoryNos);
    this.heldUntilMs = new Float64Array(this.seatCount).fill(NEVER);
    for (let no = 0; no < this.seatCount; no++) {
      const code = CODE[snapshot.statuses[no] as SeatStatusLetter];
      this.codes[no] = code;
      this.countsOf(no)[code]! += 1;
      if (code === HELD) this.setDeadline(no, snapshot.heldUntilMs[no] ?? NEVER);
    }
  }

  /** Applies what is news and returns the positions whose seat changed. */
  apply(change: SeatChange): number[] {
    const changed: number[] = [];
    for (let i = 0; i < change.nos.length; i++) {
      const no = change.nos[i]!;
      const version = change.versions[i]!;
      if (no >= this.seatCount || version <= this.versions[no]!) continue;
      this.versions[no] = version;
      this.setCode(no, CODE[change.status]);
      this.setDeadline(no, change.status === 'H' ? (change.heldUntilMs ?? NEVER) : NEVER);
      changed.push(no);
    }
    return changed;
  }

  /** Frees the held seats whose deadline has passed at `nowMs`, and returns their positions. */
  lapse(nowMs: number): number[] {
    if (nowMs < this.nextLapseMs) return [];
    const lapsed: number[] = [];
    let next = NEVER;
    for (let no = 0; no < this.seatCount; no++) {
      const deadline = this.heldUntilMs[no]!;
      if (deadline <= nowMs) {
        this.setCode(no, AVAILABLE);
        this.heldUntilMs[no] = NEVER;
        lapsed.push(no);
      } else if (deadline < next) {
        next = deadline;
      }
    }
    this.nextLapseMs = next;
    return lapsed;
  }

  statusOf(no: number): SeatStatusLetter {
    return LETTERS[this.codes[no]!]!;
  }

  versionOf(no: number): number {
    return this.versions[no]!;
  }

  categoryOf(no: number): number {
    return this.categoryNos[no]!;
  }

  /** One letter a seat, in plan order. */
  statuses(): string {
    return (this.statusesText ??= Array.from(this.codes, (code) => LETTERS[code]!).join(''));
  }

  availability(): SeatCounts {
    const sum = [0, 0, 0, 0];
    for (const counts of this.counts) {
      if (counts === undefined) continue;
      for (let code = 0; code < sum.length; code++) sum[code]! += counts[code]!;
    }
    return toCounts(sum);
  }

  availabilityOf(categoryNo: number): SeatCounts {
    return toCounts(this.counts[categoryNo] ?? [0, 0, 0, 0]);
  }

  private setCode(no: number, code: number): void {
    const counts = this.countsOf(no);
    counts[this.codes[no]!]! -= 1;
    counts[code]! += 1;
    this.codes[no] = code;
    this.statusesText = undefined;
  }

  private setDeadline(no: number, ms: number): void {
    this.heldUntilMs[no] = ms;
    if (ms < this.nextLapseMs) this.nextLapseMs = ms;
  }

  private countsOf(no: number): Uint32Array {
    return (this.counts[this.categoryNos[no]!] ??= new Uint32Array(LETTERS.length));
  }
}

function toCounts(by: ArrayLike<number>): SeatCounts {
  const available = by[CODE.A]!;
  const held = by[CODE.H]!;
  const sold = by[CODE.S]!;
  const blocked = by[CODE.B]!;
  return { total: available + held + sold + blocked, available, held, sold, blocked };
}

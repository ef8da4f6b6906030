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

/** What is read from the database for a projection; the rest of a snapshot says when that was. */
export type SeatColumns = Pick<
  SeatSnapshot,
  'statuses' | 'versions' | 'categoryNos' | 'heldUntilMs'
>;

export class Projection {
  private codes = new Uint8Array();
  private versions = new Uint32Array();
  private categoryNos = new Uint16Array();
  /** NEVER where the seat is not held, or held for good. */
  private heldUntilMs = new Float64Array();
  /** No held seat lapses before this instant. */
  private nextLapseMs = NEVER;
  /** Seats whose last written state is a hold that time ended, with its deadline: they are shown as available. */
  private readonly lapsed = new Map<number, number>();
  private lapsedAtMs = Number.NEGATIVE_INFINITY;
  /** counts[category][status code] */
  private counts: (Uint32Array | undefined)[] = [];
  private statusesText: string | undefined;
  private shownRevision = 0;

  constructor(snapshot: SeatColumns) {
    this.replace(snapshot);
  }

  get seatCount(): number {
    return this.codes.length;
  }

  /** Another number for each state that was shown: what is cached of one must not outlive it. */
  get revision(): number {
    return this.shownRevision;
  }

  /** Forgets all, versions too, for what another history says. */
  replace(snapshot: SeatColumns): void {
    const seatCount = snapshot.statuses.length;
    this.codes = new Uint8Array(seatCount);
    this.versions = Uint32Array.from(snapshot.versions);
    this.categoryNos = Uint16Array.from(snapshot.categoryNos);
    this.heldUntilMs = new Float64Array(seatCount).fill(NEVER);
    this.nextLapseMs = NEVER;
    this.lapsed.clear();
    this.counts = [];
    this.statusesText = undefined;
    this.shownRevision++;
    for (let no = 0; no < seatCount; no++) {
      const code = CODE[snapshot.statuses[no] as SeatStatusLetter];
      this.codes[no] = code;
      this.countsOf(no)[code]! += 1;
      if (code === HELD) this.setDeadline(no, snapshot.heldUntilMs[no] ?? NEVER);
    }
  }

  /** Applies what a whole inventory has that is news, and returns the positions whose seat changed. */
  merge({ statuses, versions, heldUntilMs }: SeatColumns): number[] {
    const changed: number[] = [];
    const seatCount = Math.min(this.seatCount, statuses.length);
    for (let no = 0; no < seatCount; no++) {
      const status = statuses[no] as SeatStatusLetter;
      if (this.advance(no, versions[no]!, status, heldUntilMs[no] ?? null)) changed.push(no);
    }
    return changed;
  }

  /** Applies what is news and returns the positions whose seat changed. */
  apply(change: SeatChange): number[] {
    const changed: number[] = [];
    for (let i = 0; i < change.nos.length; i++) {
      const no = change.nos[i]!;
      if (no >= this.seatCount) continue;
      if (this.advance(no, change.versions[i]!, change.status, change.heldUntilMs))
        changed.push(no);
    }
    return changed;
  }

  /**
   * Shows as held again what lapse() freed too soon, by a clock that has been set back since. True where there was
   * any: of one version, what is not held counts as newer, so only a whole map tells others of it.
   */
  takeBack(nowMs: number): boolean {
    if (nowMs >= this.lapsedAtMs) return false;
    this.lapsedAtMs = nowMs;
    let any = false;
    for (const [no, deadline] of this.lapsed) {
      if (deadline <= nowMs) continue;
      this.lapsed.delete(no);
      this.setCode(no, HELD);
      this.setDeadline(no, deadline);
      any = true;
    }
    return any;
  }

  /** Frees the held seats whose deadline has passed at `nowMs`, and returns their positions. */
  lapse(nowMs: number): number[] {
    if (nowMs < this.nextLapseMs) return [];
    this.lapsedAtMs = Math.max(this.lapsedAtMs, nowMs);
    const lapsed: number[] = [];
    let next = NEVER;
    for (let no = 0; no < this.seatCount; no++) {
      const deadline = this.heldUntilMs[no]!;
      if (deadline <= nowMs) {
        this.setCode(no, AVAILABLE);
        this.heldUntilMs[no] = NEVER;
        this.lapsed.set(no, deadline);
        lapsed.push(no);
      } else if (deadline < next) {
        next = deadline;
      }
    }
    this.nextLapseMs = next;
    return lapsed;
  }

  /** Seats that time alone has freed so far; the log does not tell of them. */
  lapsedNos(): readonly number[] {
    return [...this.lapsed.keys()];
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

  /** False where that version, or a later one, is known. */
  private advance(
    no: number,
    version: number,
    status: SeatStatusLetter,
    heldUntilMs: number | null,
  ): boolean {
    if (version <= this.versions[no]!) return false;
    this.versions[no] = version;
    this.lapsed.delete(no);
    this.setCode(no, CODE[status]);
    this.setDeadline(no, status === 'H' ? (heldUntilMs ?? NEVER) : NEVER);
    return true;
  }

  private setCode(no: number, code: number): void {
    const counts = this.countsOf(no);
    counts[this.codes[no]!]! -= 1;
    counts[code]! += 1;
    this.codes[no] = code;
    this.statusesText = undefined;
    this.shownRevision++;
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

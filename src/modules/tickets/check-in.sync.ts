/** What scanners bring that were offline: told late, in any order, and perhaps twice. */
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { newId } from '../../infra/ids';
import { CheckIn, CheckInKind } from './check-in.entity';
import { judgeScan, plausibleScanTime } from './check-in.rules';
import { checkedInFact, tellDoor, type Doorkeeper } from './check-in.service';
import {
  lockDevice,
  lockTickets,
  toldBefore,
  writeDoorStates,
  type DoorTicket,
} from './check-in.sql';
import { readCode } from './ticket.service';

/** One code that a scanner read while it had no connection. */
export interface OfflineScan {
  scanId: string;
  code: string;
  scannedAt: Date;
}

export interface ScanAnswer {
  scanId: string;
  outcome: 'ADMITTED' | 'ALREADY_CHECKED_IN' | 'VOID' | 'UNKNOWN' | 'WRONG_EVENT';
  /** Somebody else was let in with the same ticket. */
  conflict: boolean;
  /** As it is afterwards; undefined for UNKNOWN and WRONG_EVENT. */
  ticket: DoorTicket | undefined;
}

type NamedScanner = Doorkeeper & { deviceId: string };

interface ReadScan extends OfflineScan {
  ticketId: string | undefined;
  generation: number;
  outcome: 'UNKNOWN' | 'WRONG_EVENT' | undefined;
}

/**
 * Takes what a device scanned offline, in one transaction, and answers for each scan in the order
 * given. A scan that was brought before is answered as it was then, and changes nothing.
 */
export async function syncCheckIns(
  app: App,
  eventId: string,
  doorkeeper: NamedScanner,
  scans: readonly OfflineScan[],
): Promise<ScanAnswer[]> {
  const read = await Promise.all(scans.map((scan) => readScan(app, eventId, scan)));
  const { answers, changed } = await app.db.transaction((tx) =>
    takeScans(app, tx, eventId, doorkeeper, read),
  );
  if (changed) await tellDoor(app, eventId);
  return answers;
}

async function readScan(app: App, eventId: string, scan: OfflineScan): Promise<ReadScan> {
  const coded = await readCode(app, scan.code);
  if (coded === undefined) {
    return { ...scan, ticketId: undefined, generation: 0, outcome: 'UNKNOWN' };
  }
  const { id, generation } = coded;
  if (coded.eventId !== eventId) {
    return { ...scan, ticketId: undefined, generation, outcome: 'WRONG_EVENT' };
  }
  return { ...scan, ticketId: id, generation, outcome: undefined };
}

/** What a device is told of a scan, by ticket and scan id. */
type Told = Map<string, { kind: string; conflict: boolean }>;
const toldKey = (scan: { scanId: string | null; ticketId: string | undefined }): string =>
  `${scan.ticketId ?? ''} ${scan.scanId ?? ''}`;

async function takeScans(
  app: App,
  tx: EntityManager,
  eventId: string,
  doorkeeper: NamedScanner,
  scans: readonly ReadScan[],
): Promise<{ answers: ScanAnswer[]; changed: boolean }> {
  const { deviceId } = doorkeeper;
  await lockDevice(tx, eventId, deviceId);
  const scanIds = scans.map(({ scanId }) => scanId);
  const before = await toldBefore(tx, eventId, deviceId, scanIds);
  const told: Told = new Map(before.map((line) => [toldKey(line), line]));
  const ticketIds = [...new Set(scans.flatMap(({ ticketId }) => ticketId ?? []))];
  const tickets = await lockTickets(tx, eventId, ticketIds);
  const { lines, changed } = judgeAll(tickets, told, scans, doorkeeper, app.clock.now());
  await writeDoorStates(tx, eventId, changed);
  if (lines.length > 0)
    await tx.insert(
      CheckIn,
      lines.map((line) => ({ ...line, eventId, id: newId() })),
    );
  await app.outbox.record(
    tx,
    ...changed.map(({ id, bookingId, checkedInAt }) =>
      checkedInFact({
        ...doorkeeper,
        eventId,
        id,
        bookingId,
        checkedInAt: checkedInAt ?? app.clock.now(),
      }),
    ),
  );
  const answers = scans.map((scan): ScanAnswer => {
    const ticket = scan.ticketId === undefined ? undefined : tickets.get(scan.ticketId);
    const { kind = 'UNKNOWN', conflict = false } = told.get(toldKey(scan)) ?? {};
    const outcome = scan.outcome ?? (kind as ScanAnswer['outcome']);
    return { scanId: scan.scanId, outcome, conflict, ticket };
  });
  return { answers, changed: changed.length > 0 };
}

/** Judges what was not told before, the earliest scan first; notes it in `tickets` and `told`. */
function judgeAll(
  tickets: Map<string, DoorTicket>,
  told: Told,
  scans: readonly ReadScan[],
  { staffId, deviceId }: NamedScanner,
  now: Date,
): { lines: Omit<CheckIn, 'eventId' | 'id'>[]; changed: DoorTicket[] } {
  const lines: Omit<CheckIn, 'eventId' | 'id'>[] = [];
  const changed = new Map<string, DoorTicket>();
  const byTime = [...scans].sort((a, b) => a.scannedAt.getTime() - b.scannedAt.getTime());
  for (const scan of byTime) {
    const ticket = scan.ticketId === undefined ? undefined : tickets.get(scan.ticketId);
    if (ticket === undefined || told.has(toldKey(scan))) continue;
    const scannedAt = plausibleScanTime(scan.scannedAt, ticket.issuedAt, now);
    const { generation, scanId } = scan;
    const judged = judgeScan(ticket, { generation, scannedAt, staffId, deviceId });
    const { outcome, conflict } = judged;
    if (judged.after !== ticket) {
      const after = { ...ticket, ...judged.after };
      tickets.set(ticket.id, after);
      changed.set(ticket.id, after);
    }
    told.set(toldKey(scan), { kind: outcome, conflict });
    const kind = CheckInKind[outcome];
    const ticketId = ticket.id;
    const line = { ticketId, kind, scannedAt, recordedAt: now, staffId, deviceId, scanId };
    lines.push({ ...line, conflict });
  }
  return { lines, changed: [...changed.values()] };
}

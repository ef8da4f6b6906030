/** What a scan of a ticket's code comes to. */
import { TicketStatus } from './ticket.entity';

/** What the door knows of a ticket. */
export interface DoorState {
  status: TicketStatus;
  generation: number;
  checkedInAt: Date | null;
  checkedInBy: string | null;
  checkedInDevice: string | null;
}

export interface ScanOfTicket {
  /** Of the code that was read. */
  generation: number;
  scannedAt: Date;
  staffId: string;
  deviceId: string | null;
}

export interface Judgement {
  outcome: 'ADMITTED' | 'ALREADY_CHECKED_IN' | 'VOID';
  /** Somebody else was let in with the same ticket, before or after. */
  conflict: boolean;
  /** The ticket afterwards; the same object where nothing changes. */
  after: DoorState;
}

/**
 * The first scan by its own time admits. Scans made offline are told later and in any order: one that
 * turns out to have been earlier than the check-in we knew of takes its place, and both are a conflict.
 */
export function judgeScan(ticket: DoorState, scan: ScanOfTicket): Judgement {
  if (ticket.status === TicketStatus.VOID || ticket.generation !== scan.generation) {
    return { outcome: 'VOID', conflict: false, after: ticket };
  }
  const { checkedInAt } = ticket;
  const used = ticket.status === TicketStatus.CHECKED_IN && checkedInAt !== null;
  if (used && checkedInAt <= scan.scannedAt) {
    return { outcome: 'ALREADY_CHECKED_IN', conflict: true, after: ticket };
  }
  const after: DoorState = {
    status: TicketStatus.CHECKED_IN,
    generation: ticket.generation,
    checkedInAt: scan.scannedAt,
    checkedInBy: scan.staffId,
    checkedInDevice: scan.deviceId,
  };
  return { outcome: 'ADMITTED', conflict: used, after };
}

/** A scanner's clock may be wrong, and never so wrong that a ticket is used before it was there or after now. */
export function plausibleScanTime(scannedAt: Date, issuedAt: Date, now: Date): Date {
  const earliest = Math.min(issuedAt.getTime(), now.getTime());
  return new Date(Math.min(Math.max(scannedAt.getTime(), earliest), now.getTime()));
}

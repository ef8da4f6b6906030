import { newId, requireEventScoped } from '../../../src/infra/ids';
import { judgeScan, plausibleScanTime } from '../../../src/modules/tickets/check-in.rules';
import { TicketStatus } from '../../../src/modules/tickets/ticket.entity';
import type { House } from '../../support/house';
import { expectSoundBooks, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { inTwoProcesses } from '../../support/settings';
import {
  bookTicket,
  bookTickets,
  checkIn,
  colleague,
  factsOf,
  refusedWith,
  sync,
  SYNC,
  transfer,
  UNDO,
  type IssuedTicket,
} from './door';

let house: House;
/** Another process with the same house. */
let secondDoor: House;
let office: BoxOffice;
let buyer: { token: string };
inTwoProcesses((...both) => ([house, secondDoor] = both));
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterEach(() => expectSoundBooks(house, office));

const book = (no = 0): Promise<IssuedTicket> => bookTicket(house, office, buyer.token, no);

interface Line {
  kind: string;
  scannedAt: string;
  recordedAt: string;
  deviceId: string | null;
  offline: boolean;
  conflict: boolean;
  staff: { id: string };
}
async function linesOf(ticket: IssuedTicket, token = office.ownerToken): Promise<Line[]> {
  const { data } = await house.gql<{ node: { checkIns: Line[] } }>(
    `query ($id: ID!) { node(id: $id) { ... on Ticket {
      checkIns { kind scannedAt recordedAt deviceId offline conflict staff { id } }
    } } }`,
    { id: ticket.id },
    { token },
  );
  return data.node.checkIns;
}

const minutesAgo = (minutes: number): Date =>
  new Date(house.clock.now().getTime() - minutes * 60_000);
/** Booked an hour ago, so that scans of since then are plausible. */
async function bookedLongAgo(nos: readonly number[]): Promise<IssuedTicket[]> {
  const { tickets } = await bookTickets(house, office, buyer.token, nos);
  await house.app.db.query(
    `UPDATE tickets SET issued_at = issued_at - interval '1 hour' WHERE event_id = $1`,
    [office.eventUuid],
  );
  return tickets;
}

describe('at the door', () => {
  it('one of 20 scanners at two processes admits', async () => {
    const { code } = await book();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        checkIn(i % 2 === 0 ? house : secondDoor, office, code, { deviceId: `door ${i}` }),
      ),
    );
    const admitted = answers.filter(({ __typename }) => __typename === 'Ticket');
    expect(admitted).toHaveLength(1);
    const refused = answers.filter(({ __typename }) => __typename === 'TicketRefused');
    expect(refused.map(({ reason }) => reason)).toEqual(
      Array<string>(19).fill('ALREADY_CHECKED_IN'),
    );
    expect(new Set(answers.map(({ checkedInAt }) => checkedInAt)).size).toBe(1);
  });

  it('a check-in can be taken back, and what happened stays written down', async () => {
    const ticket = await book();
    const scanner = await colleague(house, office, 'SCANNER');
    await checkIn(house, office, ticket.code, { token: scanner, deviceId: 'north' });
    const { data } = await house.gql<{ undoCheckIn: { status: string; checkedInAt: null } }>(
      UNDO,
      { input: { eventId: office.eventId, ticketId: ticket.id } },
      { token: office.ownerToken },
    );
    expect(data.undoCheckIn).toMatchObject({ status: 'VALID', checkedInAt: null });
    expect(
      await refusedWith(
        house,
        UNDO,
        { input: { eventId: office.eventId, ticketId: ticket.id } },
        office.ownerToken,
      ),
    ).toBe('CONFLICT');
    expect(await checkIn(house, office, ticket.code)).toMatchObject({ __typename: 'Ticket' });
    const lines = await linesOf(ticket);
    expect(lines).toMatchObject([
      { kind: 'ADMITTED', deviceId: 'north', offline: false },
      { kind: 'UNDONE', deviceId: null, offline: false },
      { kind: 'ADMITTED', deviceId: null, offline: false },
    ]);
    expect(lines[1]?.staff.id).toBe(lines[2]?.staff.id);
    expect(lines[0]?.staff.id).not.toBe(lines[1]?.staff.id);
    expect(await factsOf(house, ticket)).toEqual([
      'ticket.issued',
      'ticket.checked_in',
      'ticket.check_in_undone',
      'ticket.checked_in',
    ]);
  });

  it('only staff of the event may take back or read on', async () => {
    const ticket = await book();
    await checkIn(house, office, ticket.code);
    const elsewhere = await openBoxOffice(house);
    const undo = (eventId: string, token?: string, ticketId = ticket.id): Promise<unknown> =>
      refusedWith(house, UNDO, { input: { eventId, ticketId } }, token);
    expect(await undo(office.eventId)).toBe('UNAUTHENTICATED');
    expect(await undo(office.eventId, buyer.token)).toBe('NOT_FOUND');
    expect(await undo(office.eventId, elsewhere.ownerToken)).toBe('NOT_FOUND');
    expect(await undo(elsewhere.eventId, elsewhere.ownerToken)).toBe('NOT_FOUND');
    expect(await undo(office.eventId, office.ownerToken, 'garbage')).toBe('NOT_FOUND');
    const log = 'query ($id: ID!) { node(id: $id) { ... on Ticket { checkIns { kind } } } }';
    expect(await refusedWith(house, log, { id: ticket.id }, buyer.token)).toBe('FORBIDDEN');
    expect(await linesOf(ticket)).toHaveLength(1);
  });
});

describe('syncCheckIns', () => {
  it('takes what a scanner read offline, by the time of the scans, and tells of each', async () => {
    const [first, second, third] = await bookedLongAgo([0, 1, 2]);
    const elsewhere = await openBoxOffice(house);
    const foreign = await bookTicket(house, elsewhere, buyer.token, 0);
    const { eventId, id } = requireEventScoped('Ticket', third!.id);
    const voidIt = (status: string): Promise<unknown> =>
      house.app.db.query(`UPDATE tickets SET status = $3 WHERE event_id = $1 AND id = $2`, [
        eventId,
        id,
        status,
      ]);
    await voidIt('VOID');
    const results = await sync(house, office, 'north', [
      { scanId: 'c', code: first!.code, scannedAt: minutesAgo(10) },
      { scanId: 'b', code: first!.code, scannedAt: minutesAgo(20) },
      { scanId: 'd', code: second!.code, scannedAt: minutesAgo(5) },
      { scanId: 'e', code: third!.code, scannedAt: minutesAgo(5) },
      { scanId: 'f', code: foreign.code, scannedAt: minutesAgo(5) },
      { scanId: 'g', code: 'garbage', scannedAt: minutesAgo(5) },
    ]);
    await voidIt('VALID');
    expect(results.map(({ scanId, outcome, conflict }) => [scanId, outcome, conflict])).toEqual([
      ['c', 'ALREADY_CHECKED_IN', true],
      ['b', 'ADMITTED', false],
      ['d', 'ADMITTED', false],
      ['e', 'VOID', false],
      ['f', 'WRONG_EVENT', false],
      ['g', 'UNKNOWN', false],
    ]);
    expect(results[0]).toMatchObject({
      ticketId: first!.id,
      checkedInAt: results[1]?.checkedInAt,
      checkedInDevice: 'north',
    });
    expect(results[4]).toMatchObject({ ticketId: null, checkedInAt: null });
    expect(await checkIn(house, office, first!.code)).toMatchObject({
      reason: 'ALREADY_CHECKED_IN',
      checkedInAt: results[1]?.checkedInAt,
    });
    expect(await linesOf(first!)).toMatchObject([
      { kind: 'ADMITTED', offline: true, conflict: false },
      { kind: 'ALREADY_CHECKED_IN', offline: true, conflict: true },
    ]);
    expect(await factsOf(house, first!)).toEqual(['ticket.issued', 'ticket.checked_in']);
  });

  it('lets the earlier of two scanners have admitted, whichever comes back first, and tells both', async () => {
    const [ticket] = await bookedLongAgo([0]);
    const [late] = await sync(house, office, 'late', [
      { scanId: '1', code: ticket!.code, scannedAt: minutesAgo(5) },
    ]);
    expect(late).toMatchObject({ outcome: 'ADMITTED', conflict: false });
    const [early] = await sync(house, office, 'early', [
      { scanId: '1', code: ticket!.code, scannedAt: minutesAgo(15) },
    ]);
    expect(early).toMatchObject({
      outcome: 'ADMITTED',
      conflict: true,
      checkedInDevice: 'early',
    });
    const [latest] = await sync(house, office, 'latest', [
      { scanId: '1', code: ticket!.code, scannedAt: minutesAgo(1) },
    ]);
    expect(latest).toMatchObject({
      outcome: 'ALREADY_CHECKED_IN',
      conflict: true,
      checkedInDevice: 'early',
      checkedInAt: early?.checkedInAt,
    });
    expect(await linesOf(ticket!)).toMatchObject([
      { kind: 'ADMITTED', deviceId: 'late', conflict: false },
      { kind: 'ADMITTED', deviceId: 'early', conflict: true },
      { kind: 'ALREADY_CHECKED_IN', deviceId: 'latest', conflict: true },
    ]);
  });

  it('answers a scan that is brought again as before, and changes nothing', async () => {
    const [ticket] = await bookedLongAgo([0]);
    const scans = [
      { scanId: '1', code: ticket!.code, scannedAt: minutesAgo(5) },
      { scanId: '2', code: ticket!.code, scannedAt: minutesAgo(4) },
    ];
    const answers = await Promise.all(
      [house, secondDoor, house].map((door) => sync(door, office, 'north', scans)),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await linesOf(ticket!)).toHaveLength(2);
  });

  it('takes overlapping baskets of several scanners at once without a deadlock', async () => {
    const tickets = await bookedLongAgo([0, 1, 2, 3, 4, 5, 6, 7]);
    const byDevice = await Promise.all(
      ['a', 'b', 'c', 'd'].map((device, i) =>
        sync(
          i % 2 === 0 ? house : secondDoor,
          office,
          device,
          (i % 2 === 0 ? tickets : [...tickets].reverse()).map(({ code }) => ({
            scanId: newId(),
            code,
            scannedAt: minutesAgo(5 + i),
          })),
        ),
      ),
    );
    // Whatever the order they came in, the device with the earliest scans has them in the end.
    for (const ticket of tickets) {
      const lines = await linesOf(ticket);
      expect(lines).toHaveLength(4);
      expect(lines.filter(({ conflict }) => !conflict)).toHaveLength(1);
    }
    expect(byDevice[3]!.every(({ outcome }) => outcome === 'ADMITTED')).toBe(true);
  });

  it('refuses the code of somebody who has given the ticket away', async () => {
    const [ticket] = await bookedLongAgo([0]);
    await transfer(house, buyer.token, { ticketId: ticket!.id, holderName: 'Grace' });
    const [result] = await sync(house, office, 'north', [
      { scanId: '1', code: ticket!.code, scannedAt: minutesAgo(5) },
    ]);
    expect(result).toMatchObject({ outcome: 'VOID', ticketId: ticket!.id, checkedInAt: null });
  });

  it('believes no clock that is ahead, nor one from before the ticket', async () => {
    const [ahead, behind] = await bookedLongAgo([0, 1]);
    const before = house.clock.now().getTime();
    const results = await sync(house, office, 'north', [
      { scanId: '1', code: ahead!.code, scannedAt: '2099-01-01T00:00:00Z' },
      { scanId: '2', code: behind!.code, scannedAt: '1999-01-01T00:00:00Z' },
    ]);
    const [future, past] = results.map(({ checkedInAt }) => new Date(checkedInAt ?? 0).getTime());
    expect(future).toBeGreaterThanOrEqual(before);
    expect(future).toBeLessThanOrEqual(house.clock.now().getTime());
    expect(past).toBeGreaterThan(before - 2 * 3_600_000);
  });

  it('is bounded, and for staff of the event', async () => {
    const { code } = await book();
    const scans = [{ scanId: '1', code, scannedAt: minutesAgo(1) }];
    const outcome = (input: Record<string, unknown>, token = office.ownerToken): Promise<unknown> =>
      refusedWith(
        house,
        SYNC,
        { input: { eventId: office.eventId, deviceId: 'north', scans, ...input } },
        token,
      );
    expect(await outcome({ scans: [] })).toBe('BAD_USER_INPUT');
    expect(
      await outcome({
        scans: Array.from({ length: 501 }, () => ({ ...scans[0], scanId: newId() })),
      }),
    ).toBe('BAD_USER_INPUT');
    expect(await outcome({ deviceId: '' })).toBe('BAD_USER_INPUT');
    expect(await outcome({ deviceId: 'x'.repeat(101) })).toBe('BAD_USER_INPUT');
    expect(await outcome({ scans: [{ ...scans[0], scanId: 'a\u0000b' }] })).toBe('BAD_USER_INPUT');
    expect(await outcome({}, buyer.token)).toBe('NOT_FOUND');
    expect(await outcome({ eventId: (await openBoxOffice(house)).eventId })).toBe('NOT_FOUND');
    const [long] = await sync(house, office, 'north', [
      { scanId: '1', code: 'x'.repeat(100_000), scannedAt: minutesAgo(1) },
    ]);
    expect(long).toMatchObject({ outcome: 'UNKNOWN' });
  });

  it('takes 500 scans in one call', async () => {
    const [ticket] = await bookedLongAgo([0]);
    const results = await sync(
      house,
      office,
      'north',
      Array.from({ length: 500 }, (_, i) => ({
        scanId: String(i),
        code: ticket!.code,
        scannedAt: minutesAgo(5),
      })),
    );
    expect(results.filter(({ outcome }) => outcome === 'ADMITTED')).toHaveLength(1);
    expect(results).toHaveLength(500);
  });
});

describe('the rules of the door', () => {
  const at = (minutes: number): Date => new Date(Date.UTC(2030, 0, 1, 20, minutes));
  const scan = (minutes: number, generation = 1) => ({
    generation,
    scannedAt: at(minutes),
    staffId: 'staff',
    deviceId: 'north',
  });
  const valid = {
    status: TicketStatus.VALID,
    generation: 1,
    checkedInAt: null,
    checkedInBy: null,
    checkedInDevice: null,
  };

  it('let in by a valid ticket, and by it once', () => {
    const first = judgeScan(valid, scan(10));
    expect(first).toMatchObject({ outcome: 'ADMITTED', conflict: false });
    const again = judgeScan(first.after, scan(10));
    expect(again).toEqual({ outcome: 'ALREADY_CHECKED_IN', conflict: true, after: first.after });
  });

  it('let an earlier scan take the place of a later one', () => {
    const { after } = judgeScan(valid, scan(10));
    const earlier = judgeScan(after, scan(9));
    expect(earlier).toMatchObject({ outcome: 'ADMITTED', conflict: true });
    expect(earlier.after.checkedInAt).toEqual(at(9));
  });

  it('refuse another generation, before and after', () => {
    expect(judgeScan({ ...valid, generation: 2 }, scan(10, 1)).outcome).toBe('VOID');
    expect(judgeScan(valid, scan(10, 2)).outcome).toBe('VOID');
  });

  it('take times only between the ticket and now', () => {
    expect(plausibleScanTime(at(5), at(10), at(20))).toEqual(at(10));
    expect(plausibleScanTime(at(15), at(10), at(20))).toEqual(at(15));
    expect(plausibleScanTime(at(25), at(10), at(20))).toEqual(at(20));
    expect(plausibleScanTime(new Date(8.64e15), at(10), at(20))).toEqual(at(20));
  });
});

import { createHash } from 'node:crypto';
import { encodeCursor } from '../../../src/graphql/connections';
import type { House } from '../../support/house';
import { expectSoundBooks, type BoxOffice } from '../../support/box-office';
import { eventually } from '../../support/eventually';
import { atBoxOffice } from '../../support/settings';
import {
  bookTicket,
  bookTickets,
  checkIn,
  colleague,
  LIST,
  listPage,
  refusedWith,
  transfer,
  UNDO,
  type ListEntry,
  type ListPage,
} from './door';

let house: House;
let office: BoxOffice;
let buyer: { token: string };
atBoxOffice((given) => ({ house, office, buyer } = given));
afterEach(() => expectSoundBooks(house, office));

/** A scanner's copy of the list, as docs/ticket-code.md tells how to keep it. */
class ScannersCopy {
  readonly entries = new Map<string, ListEntry>();
  private cursor: string | undefined;
  pages = 0;

  async read(first?: number): Promise<ListPage> {
    for (;;) {
      const page = await listPage(house, office, this.cursor, first);
      this.pages++;
      if (page.restart) this.entries.clear();
      for (const entry of page.entries) this.entries.set(entry.ticketId, entry);
      this.cursor = page.cursor;
      if (!page.more) return page;
    }
  }
}

describe('checkInList', () => {
  it('has what a scanner needs without a connection, and no code', async () => {
    const ticket = await bookTicket(house, office, buyer.token, 0);
    const page = await listPage(house, office);
    expect(page).toEqual({
      entries: [
        {
          ticketId: ticket.id,
          codeHash: createHash('sha256').update(ticket.code).digest('hex'),
          generation: 1,
          status: 'VALID',
          holderName: 'Ada Test',
          seat: { label: expect.stringContaining('1') as string },
          ticketType: { key: 'standard' },
          checkedInDevice: null,
        },
      ],
      cursor: expect.any(String) as string,
      more: false,
      restart: true,
    });
  });

  it('comes in pages, and then tells only what has changed', async () => {
    const { tickets } = await bookTickets(house, office, buyer.token, [0, 1, 2, 3, 4]);
    const copy = new ScannersCopy();
    await copy.read(2);
    expect(copy.pages).toBe(3);
    expect([...copy.entries.keys()].sort()).toEqual(tickets.map(({ id }) => id).sort());

    await checkIn(house, office, tickets[1]!.code, { deviceId: 'north' });
    const given = await transfer(house, buyer.token, {
      ticketId: tickets[2]!.id,
      holderName: 'Grace',
    });
    const late = await bookTicket(house, office, buyer.token, 5);
    const changes = await copy.read();
    expect(changes.restart).toBe(false);
    expect(copy.entries.get(tickets[1]!.id)).toMatchObject({
      status: 'CHECKED_IN',
      checkedInDevice: 'north',
    });
    expect(copy.entries.get(tickets[2]!.id)).toMatchObject({
      generation: 2,
      holderName: 'Grace',
      codeHash: createHash('sha256').update(given.code).digest('hex'),
    });
    expect(copy.entries.has(late.id)).toBe(true);

    await house.gql(
      UNDO,
      { input: { eventId: office.eventId, ticketId: tickets[1]!.id } },
      { token: office.ownerToken },
    );
    await copy.read();
    expect(copy.entries.get(tickets[1]!.id)?.status).toBe('VALID');
    // What committed before the oldest transaction of the whole server began does not come for ever.
    await eventually(
      () => copy.read(),
      ({ entries }) => entries.length === 0,
    );
  });

  it('misses nothing of a transaction that commits after a later one was read', async () => {
    const { tickets } = await bookTickets(house, office, buyer.token, [0, 1]);
    const copy = new ScannersCopy();
    await copy.read();
    const slow = house.app.db.orm.createQueryRunner();
    await slow.startTransaction();
    try {
      await slow.query(`UPDATE tickets SET holder_name = 'Slow' WHERE event_id = $1 AND no = 0`, [
        office.eventUuid,
      ]);
      await checkIn(house, office, tickets[1]!.code);
      await copy.read();
      expect(copy.entries.get(tickets[1]!.id)?.status).toBe('CHECKED_IN');
      expect(copy.entries.get(tickets[0]!.id)?.holderName).toBe('Ada Test');
      await slow.commitTransaction();
    } finally {
      await slow.release();
    }
    await copy.read();
    expect(copy.entries.get(tickets[0]!.id)?.holderName).toBe('Slow');
  });

  it('begins anew for a cursor of another history, and refuses what is none', async () => {
    const ticket = await bookTicket(house, office, buyer.token, 0);
    const nil = '00000000-0000-0000-0000-000000000000';
    for (const strange of [
      encodeCursor(['0123456789ab', null, '5', nil]),
      encodeCursor(['x', 'y', 'z', 'w']),
      encodeCursor([null, null, null, null]),
      encodeCursor(['0123456789ab', '1', '9223372036854775808', nil]),
    ]) {
      expect(await listPage(house, office, strange)).toMatchObject({
        restart: true,
        entries: [{ ticketId: ticket.id }],
      });
    }
    const refusal = (after: string, first = 10): Promise<unknown> =>
      refusedWith(house, LIST, { eventId: office.eventId, after, first }, office.ownerToken);
    expect(await refusal('garbage')).toBe('BAD_USER_INPUT');
    expect(await refusal('')).toBe('BAD_USER_INPUT');
    const { cursor } = await listPage(house, office);
    expect(await refusal(cursor, 0)).toBe('BAD_USER_INPUT');
    expect(await refusal(cursor, 1_001)).toBe('BAD_USER_INPUT');
  });

  it('is for staff who check in', async () => {
    const variables = { eventId: office.eventId };
    expect(await refusedWith(house, LIST, variables)).toBe('UNAUTHENTICATED');
    expect(await refusedWith(house, LIST, variables, buyer.token)).toBe('NOT_FOUND');
    const scanner = await colleague(house, office, 'SCANNER');
    const { data } = await house.gql<{ checkInList: ListPage }>(LIST, variables, {
      token: scanner,
    });
    expect(data.checkInList.entries).toEqual([]);
  });
});

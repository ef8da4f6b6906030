import { newId, requireEventScoped } from '../../../src/infra/ids';
import { TRANSFERS_MAX } from '../../../src/modules/tickets/ticket.rules';
import type { House } from '../../support/house';
import { count, expectSoundBooks, type BoxOffice } from '../../support/box-office';
import { atBoxOffice } from '../../support/settings';
import {
  bookTicket,
  checkIn,
  colleague,
  factsOf,
  refusedWith,
  transfer,
  TRANSFER,
  type IssuedTicket,
} from './door';

let house: House;
let office: BoxOffice;
let buyer: { token: string };
atBoxOffice((given) => ({ house, office, buyer } = given));
afterEach(() => expectSoundBooks(house, office));

const book = (): Promise<IssuedTicket> => bookTicket(house, office, buyer.token, 0);
const refusal = (input: Record<string, unknown>, token?: string): Promise<unknown> =>
  refusedWith(house, TRANSFER, { input: { holderName: 'Grace', ...input } }, token);

async function queuedMails(ticket: IssuedTicket): Promise<number> {
  const { id } = requireEventScoped('Ticket', ticket.id);
  return count(
    house,
    `SELECT count(*) AS n FROM graphile_worker.jobs WHERE task_identifier = 'send-mail' AND key = $1`,
    [`mail:ticket-transferred:${id}`],
  );
}

describe('transferTicket', () => {
  it('gives the ticket a new holder and a new code, and the old code admits nobody', async () => {
    const ticket = await book();
    const given = await transfer(house, buyer.token, {
      ticketId: ticket.id,
      holderName: '  Grace Höpper ',
      email: 'grace@example.org',
    });
    expect(given).toMatchObject({ id: ticket.id, holderName: 'Grace Höpper', status: 'VALID' });
    expect(given.code).not.toBe(ticket.code);
    expect(await checkIn(house, office, ticket.code)).toMatchObject({
      reason: 'VOID',
      checkedInAt: null,
    });
    expect(await checkIn(house, office, given.code)).toMatchObject({ __typename: 'Ticket' });
    expect(await checkIn(house, office, ticket.code)).toMatchObject({ reason: 'VOID' });
    expect(await queuedMails(ticket)).toBe(1);
    expect(await factsOf(house, ticket)).toEqual([
      'ticket.issued',
      'ticket.transferred',
      'ticket.checked_in',
    ]);
  });

  it('keeps who had it before', async () => {
    const ticket = await book();
    await transfer(house, buyer.token, { ticketId: ticket.id, holderName: 'Grace' });
    await transfer(house, buyer.token, { ticketId: ticket.id, holderName: 'Alan' });
    const { eventId, id } = requireEventScoped('Ticket', ticket.id);
    expect(
      await house.app.db.query(
        `SELECT generation, from_name, to_name FROM ticket_transfers
         WHERE event_id = $1 AND ticket_id = $2 ORDER BY generation`,
        [eventId, id],
      ),
    ).toEqual([
      { generation: 2, from_name: 'Ada Test', to_name: 'Grace' },
      { generation: 3, from_name: 'Grace', to_name: 'Alan' },
    ]);
  });

  it('transfers once for each idempotency key, also when both come at once', async () => {
    const ticket = await book();
    const input = { ticketId: ticket.id, holderName: 'Grace', idempotencyKey: newId() };
    const answers = await Promise.all([1, 2, 3].map(() => transfer(house, buyer.token, input)));
    expect(new Set(answers.map(({ code }) => code)).size).toBe(1);
    const { eventId, id } = requireEventScoped('Ticket', ticket.id);
    expect(
      await count(house, 'SELECT generation AS n FROM tickets WHERE event_id = $1 AND id = $2', [
        eventId,
        id,
      ]),
    ).toBe(2);
    expect(await refusal({ ...input, holderName: 'Mallory' }, buyer.token)).toBe(
      'IDEMPOTENCY_CONFLICT',
    );
  });

  it('is for whoever booked, and for staff who sell', async () => {
    const ticket = await book();
    const input = { ticketId: ticket.id };
    expect(await refusal(input)).toBe('UNAUTHENTICATED');
    expect(await refusal(input, (await house.given.user()).token)).toBe('NOT_FOUND');
    expect(await refusal(input, (await house.given.guest()).token)).toBe('NOT_FOUND');
    expect(await refusal(input, await colleague(house, office, 'SCANNER'))).toBe('FORBIDDEN');
    expect(await refusal(input, await colleague(house, office, 'MANAGER'))).toBe('FORBIDDEN');
    const seller = await colleague(house, office, 'BOX_OFFICE');
    expect(
      await transfer(house, seller, { ticketId: ticket.id, holderName: 'Grace' }),
    ).toMatchObject({ holderName: 'Grace' });
  });

  it('is refused once the ticket is used or void, the event has started, or it went through many hands', async () => {
    const ticket = await book();
    const { eventId, id } = requireEventScoped('Ticket', ticket.id);
    const set = (what: string): Promise<unknown> =>
      house.app.db.query(`UPDATE tickets SET ${what} WHERE event_id = $1 AND id = $2`, [
        eventId,
        id,
      ]);
    await set(`status = 'VOID'`);
    expect(await refusal({ ticketId: ticket.id }, buyer.token)).toBe('CONFLICT');
    await set(`status = 'VALID', generation = ${TRANSFERS_MAX + 1}`);
    expect(await refusal({ ticketId: ticket.id }, buyer.token)).toBe('CONFLICT');
    await set('generation = 1');
    await checkIn(house, office, ticket.code);
    expect(await refusal({ ticketId: ticket.id }, buyer.token)).toBe('CONFLICT');
    const other = await bookTicket(house, office, buyer.token, 1);
    await house.app.db.query(`UPDATE events SET starts_at = $2 WHERE id = $1`, [
      eventId,
      house.app.clock.now(),
    ]);
    expect(await refusal({ ticketId: other.id }, buyer.token)).toBe('CONFLICT');
    expect(await queuedMails(ticket)).toBe(0);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an empty name', { holderName: '   ' }],
    ['a long name', { holderName: 'x'.repeat(201) }],
    ['a name with a control character', { holderName: 'Grace\u0000' }],
    ['a name with a line feed hidden in it', { holderName: 'Grace\u0085Bcc: all@example.org' }],
    ['no address', { email: 'grace' }],
    ['two addresses', { email: 'grace@example.org,all@example.org' }],
    ['an address with a line feed', { email: 'grace@example.org\nBcc: all@example.org' }],
    ['a long key', { idempotencyKey: 'x'.repeat(201) }],
  ])('refuses %s', async (_, input) => {
    const ticket = await book();
    expect(await refusal({ ticketId: ticket.id, ...input }, buyer.token)).toBe('BAD_USER_INPUT');
  });

  it('knows no ticket with a strange id', async () => {
    expect(await refusal({ ticketId: 'garbage' }, buyer.token)).toBe('NOT_FOUND');
    expect(await refusal({ ticketId: office.eventId }, buyer.token)).toBe('NOT_FOUND');
  });
});

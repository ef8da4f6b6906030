import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { eventScopedId, newId, requireEventScoped } from '../../../src/infra/ids';
import type { MailOrder } from '../../../src/modules/mail/mail.facts';
import { sendMail } from '../../../src/modules/mail/mail.service';
import { startHouse, type House } from '../../support/house';
import { count, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { bookTickets, transfer, type IssuedTicket } from '../tickets/door';
import { MailServer } from './mail-server';

const FROM = 'tickets@usher.example';
let server: MailServer;
let house: House;
let office: BoxOffice;
let buyer: { token: string; email: string };
beforeAll(async () => {
  server = await MailServer.start();
  house = await startHouse({ config: { smtpUrl: server.url, mailFrom: FROM } });
});
afterAll(async () => {
  await house.close();
  await server.stop();
});
beforeEach(async () => {
  office = await openBoxOffice(house);
  buyer = await house.given.user();
  server.received.length = 0;
  server.moods.length = 0;
  server.attempts = 0;
});

async function booked(nos = [0, 1]): Promise<{ order: MailOrder; tickets: IssuedTicket[] }> {
  const { id, tickets } = await bookTickets(house, office, buyer.token, nos);
  const { eventId, id: subjectId } = requireEventScoped('Booking', id);
  return { order: { kind: 'booking-confirmed', eventId, subjectId }, tickets };
}

async function statusOf({ eventId, subjectId }: MailOrder): Promise<string[]> {
  const rows = await house.app.db.query<{ status: string }>(
    'SELECT status FROM mails WHERE event_id = $1 AND subject_id = $2 ORDER BY fact',
    [eventId, subjectId],
  );
  return rows.map(({ status }) => status);
}

const setTitle = (title: string): Promise<unknown> =>
  house.app.db.query('UPDATE events SET title = $2 WHERE id = $1', [office.eventUuid, title]);

function bodyOf(kind: 'text' | 'html'): string {
  return server.received[0]?.mail[kind] ?? '';
}

describe('the mail of a confirmed booking', () => {
  it('comes from the organizer, with the tickets and a calendar entry', async () => {
    await setTitle('Fête de la Musique – été 音楽');
    const { order, tickets } = await booked();
    await sendMail(house.app, order);
    const [{ mail, from, to }] = server.received as [(typeof server.received)[0]];
    expect([from, to]).toEqual([FROM, [buyer.email]]);
    expect(mail.from).toMatchObject({
      address: FROM,
      name: expect.stringMatching(/^Stage /) as string,
    });
    expect(mail.to).toMatchObject([{ address: buyer.email, name: 'Ada Test' }]);
    expect(mail.subject).toBe('Your tickets for Fête de la Musique – été 音楽');
    expect(mail.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
    expect(mail.messageId).toMatch(/^<[0-9a-f]{32}@usher\.example>$/);
    expect(mail.attachments.map(({ filename, mimeType }) => [filename, mimeType])).toEqual([
      ['ticket-1.pdf', 'application/pdf'],
      ['ticket-2.pdf', 'application/pdf'],
      ['event.ics', 'text/calendar'],
    ]);
    const [pdf, , calendar] = mail.attachments;
    expect(
      Buffer.from(pdf!.content as ArrayBuffer)
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    expect(Buffer.from(calendar!.content as ArrayBuffer).toString()).toContain('BEGIN:VEVENT');
    for (const body of [mail.text, mail.html]) {
      expect(body).toContain('85.00');
      for (const { code } of tickets) expect(body).toContain(`/tickets/${code}.pdf`);
    }
    expect(await statusOf(order)).toEqual(['SENT']);
  });

  it('is enqueued by the booking itself', async () => {
    const { order } = await booked();
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM graphile_worker.jobs WHERE task_identifier = 'send-mail' AND key = $1`,
        [`mail:booking-confirmed:${order.subjectId}`],
      ),
    ).toBe(1);
  });

  it('escapes what people have typed', async () => {
    await setTitle('Rock & Roll <script>alert("x")</script>');
    const { order } = await booked();
    await sendMail(house.app, order);
    expect(bodyOf('html')).toContain('Rock &amp; Roll &lt;script&gt;');
    expect(bodyOf('html')).not.toContain('<script>');
    expect(bodyOf('text')).toContain('Rock & Roll <script>');
  });

  it('cannot be made to have other headers or recipients', async () => {
    const evil = 'A\r\nBcc: all@example.org\r\nX-Evil: 1\r\n\r\nbody';
    await setTitle(evil);
    await house.app.db.query(
      `UPDATE organizations SET name = $2 WHERE id = (SELECT organization_id FROM events WHERE id = $1)`,
      [office.eventUuid, evil],
    );
    const { order } = await booked();
    await house.app.db.query(
      'UPDATE bookings SET customer_name = $3 WHERE event_id = $1 AND id = $2',
      [order.eventId, order.subjectId, evil],
    );
    await sendMail(house.app, order);
    const [{ mail, to }] = server.received as [(typeof server.received)[0]];
    expect(to).toEqual([buyer.email]);
    const names = mail.headers.map(({ key }) => key);
    expect(names).not.toContain('bcc');
    expect(names).not.toContain('x-evil');
    expect(mail.subject).toBe('Your tickets for A Bcc: all@example.org X-Evil: 1 body');
  });

  it('leaves out a ticket that has gone to somebody else, whose own mail has it', async () => {
    const { order, tickets } = await booked();
    const given = await transfer(house, buyer.token, {
      ticketId: tickets[0]!.id,
      holderName: 'Grace Höpper',
      email: 'grace@example.org',
    });
    await sendMail(house.app, order);
    expect(server.received[0]?.mail.attachments).toHaveLength(2);
    const { eventId, id: subjectId } = requireEventScoped('Ticket', given.id);
    const mine: MailOrder = { kind: 'ticket-transferred', eventId, subjectId };
    await sendMail(house.app, mine);
    await sendMail(house.app, mine);
    expect(server.received).toHaveLength(2);
    const [, second] = server.received;
    expect(second?.to).toEqual(['grace@example.org']);
    expect(second?.mail.to).toMatchObject([{ name: 'Grace Höpper' }]);
    expect(second?.mail.text).toContain(given.code);
    // Given on, it is another fact, and another mail.
    await transfer(house, buyer.token, {
      ticketId: given.id,
      holderName: 'Alan',
      email: 'alan@example.org',
    });
    await sendMail(house.app, mine);
    expect(server.received[2]?.to).toEqual(['alan@example.org']);
  });

  describe('to whoever has a transferred ticket no more', () => {
    const GRACE = { holderName: 'Grace Höpper', email: 'grace@example.org' };
    async function givenAway(): Promise<{ ticketId: string; left: MailOrder; bookingId: string }> {
      const { order, tickets } = await booked();
      const ticketId = tickets[0]!.id;
      await transfer(house, buyer.token, { ticketId, ...GRACE });
      const { eventId, id: subjectId } = requireEventScoped('Ticket', ticketId);
      const bookingId = eventScopedId('Booking', { eventId, id: order.subjectId });
      return {
        ticketId,
        bookingId,
        left: { kind: 'ticket-left', eventId, subjectId, version: 2 },
      };
    }
    const isQueued = ({ subjectId, version }: MailOrder): Promise<number> =>
      count(house, `SELECT count(*) AS n FROM graphile_worker.jobs WHERE key = $1`, [
        `mail:ticket-left:${subjectId}:${version}`,
      ]);

    it('tells of one that was given on, once, and not to whom', async () => {
      const { ticketId, left } = await givenAway();
      const next = { ticketId, holderName: 'Alan', email: 'alan@example.org' };
      const { code } = await transfer(house, buyer.token, next);
      expect(await isQueued(left)).toBe(1);
      await sendMail(house.app, left);
      await sendMail(house.app, left);
      expect(server.received).toHaveLength(1);
      expect(server.received[0]?.to).toEqual([GRACE.email]);
      expect(server.received[0]?.mail.subject).toBe(
        'Your ticket for An evening is no longer valid',
      );
      expect(bodyOf('text')).toContain('has been given to somebody else');
      for (const secret of [code, 'Alan', 'alan@']) expect(bodyOf('text')).not.toContain(secret);
    });

    it('tells of one that was cancelled', async () => {
      const { bookingId, left } = await givenAway();
      await house.gql(
        'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { status } }',
        { input: { bookingId, idempotencyKey: newId() } },
        { token: office.ownerToken },
      );
      await sendMail(house.app, left);
      expect(server.received[0]?.to).toEqual([GRACE.email]);
      expect(bodyOf('text')).toContain('It has been cancelled');
    });

    it('tells nothing where it is theirs still or again, or was never sent to them', async () => {
      const { ticketId, left } = await givenAway();
      await sendMail(house.app, { ...left, version: 3 });
      await transfer(house, buyer.token, {
        ticketId,
        holderName: 'Grace',
        email: 'Grace@Example.org',
      });
      await sendMail(house.app, left);
      expect(server.attempts).toBe(0);
      const own = await booked([4]);
      const id = own.tickets[0]!.id;
      await transfer(house, buyer.token, { ticketId: id, holderName: 'Grace' });
      await transfer(house, buyer.token, { ticketId: id, holderName: 'Alan' });
      const { id: subjectId } = requireEventScoped('Ticket', id);
      for (const version of [1, 2, 3])
        expect(await isQueued({ ...left, subjectId, version })).toBe(0);
    });
  });

  it('is not written where there is nothing to tell any more', async () => {
    const { order } = await booked();
    await house.app.db.query(
      `UPDATE bookings SET status = 'CANCELLED' WHERE event_id = $1 AND id = $2`,
      [order.eventId, order.subjectId],
    );
    await sendMail(house.app, order);
    expect(server.attempts).toBe(0);
    expect(await statusOf(order)).toEqual(['NEEDLESS']);
    const unknown: MailOrder = { ...order, subjectId: newId() };
    await sendMail(house.app, unknown);
    expect(await statusOf(unknown)).toEqual(['NEEDLESS']);
  });
});

describe('a mail', () => {
  it('is sent once, however many jobs come for it', async () => {
    const { order } = await booked();
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => sendMail(house.app, order)));
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    await sendMail(house.app, order);
    expect(server.received).toHaveLength(1);
  });

  it('is tried again where the server says to come back, and not where it refuses for good', async () => {
    const { order } = await booked();
    server.moods.push(451, 452);
    await expect(sendMail(house.app, order)).rejects.toThrow();
    expect(await statusOf(order)).toEqual(['WAITING']);
    await expect(sendMail(house.app, order)).rejects.toThrow();
    await sendMail(house.app, order);
    expect(await statusOf(order)).toEqual(['SENT']);
    expect([server.attempts, server.received.length]).toEqual([3, 1]);

    const { order: refused } = await booked([2]);
    server.moods.push(550);
    await sendMail(house.app, refused);
    await sendMail(house.app, refused);
    expect(await statusOf(refused)).toEqual(['FAILED']);
    expect([server.attempts, server.received.length]).toEqual([4, 1]);
  });

  it('waits for a server that is away', async () => {
    const away = await startHouse({
      on: house.database,
      config: { smtpUrl: 'smtp://127.0.0.1:1', mailFrom: FROM },
    });
    try {
      const { order } = await booked();
      await expect(sendMail(away.app, order)).rejects.toThrow();
      expect(await statusOf(order)).toEqual(['WAITING']);
      await sendMail(house.app, order);
      expect(server.received).toHaveLength(1);
    } finally {
      await away.close();
    }
  });

  it('that may have been taken when the connection broke is not sent again', async () => {
    const { order } = await booked();
    server.moods.push('hang up');
    await sendMail(house.app, order);
    expect(await statusOf(order)).toEqual(['UNCERTAIN']);
    await sendMail(house.app, order);
    expect([server.attempts, server.received.length]).toEqual([1, 0]);
  });

  it('whose attempt died is sent by another, unless it may have been given away', async () => {
    const abandoned = async (status: string, no: number): Promise<MailOrder> => {
      const { order } = await booked([no]);
      await house.app.db.query(
        `INSERT INTO mails (event_id, fact, kind, subject_id, status, claim_id, claimed_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`,
        [
          order.eventId,
          `${order.kind}:${order.subjectId}`,
          order.kind,
          order.subjectId,
          status,
          newId(),
          new Date(house.clock.now().getTime() - 3_600_000),
        ],
      );
      return order;
    };
    const claimed = await abandoned('CLAIMED', 0);
    await sendMail(house.app, claimed);
    expect(await statusOf(claimed)).toEqual(['SENT']);
    const sending = await abandoned('SENDING', 1);
    await sendMail(house.app, sending);
    expect(await statusOf(sending)).toEqual(['UNCERTAIN']);
    expect(server.received).toHaveLength(1);
  });
});

describe('an event that is moved', () => {
  it('tells each confirmed booking of the new date, once', async () => {
    const { order } = await booked();
    const [event] = await house.app.db.query<{ version: number; starts_at: Date }>(
      'SELECT version, starts_at FROM events WHERE id = $1',
      [office.eventUuid],
    );
    const startsAt = new Date(event!.starts_at.getTime() + 7 * 86_400_000);
    await house.gql(
      'mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { version } }',
      { input: { id: office.eventId, expectedVersion: event!.version, startsAt } },
      { token: office.ownerToken },
    );
    expect(
      await count(
        house,
        `SELECT count(*) AS n FROM graphile_worker.jobs WHERE task_identifier = 'tell-of-move'`,
      ),
    ).toBe(1);
    const moved: MailOrder = {
      kind: 'event-moved',
      eventId: order.eventId,
      subjectId: order.subjectId,
      version: event!.version + 1,
      wasAt: event!.starts_at.toISOString(),
    };
    await sendMail(house.app, moved);
    await sendMail(house.app, moved);
    expect(server.received).toHaveLength(1);
    const [{ mail }] = server.received as [(typeof server.received)[0]];
    expect(mail.subject).toBe('New date: An evening');
    const calendar = Buffer.from(mail.attachments[0]!.content as ArrayBuffer).toString();
    expect(calendar).toContain(startsAt.toISOString().slice(0, 10).replaceAll('-', ''));
  });
});

describe('a payment that is still open when its time is nearly over', () => {
  it('is named with its places and its last moment, and only while it is open', async () => {
    const { order } = await booked([0, 1]);
    const setStatus = (status: string) =>
      house.app.db.query('UPDATE bookings SET status = $3 WHERE event_id = $1 AND id = $2', [
        order.eventId,
        order.subjectId,
        status,
      ]);
    const awaited: MailOrder = { ...order, kind: 'payment-awaited' };
    await setStatus('PENDING');
    await sendMail(house.app, awaited);
    expect(server.received[0]?.mail.subject).toBe('Your payment for An evening is still open');
    const [{ until } = { until: '' }] = await house.app.db.query<{ until: string }>(
      `SELECT to_char(decide_by AT TIME ZONE 'Europe/Berlin', 'HH24:MI') AS until FROM bookings WHERE event_id = $1 AND id = $2`,
      [order.eventId, order.subjectId],
    );
    for (const body of [bodyOf('text'), bodyOf('html')]) {
      expect(body).toContain(`kept for you until`);
      expect(body).toContain(until);
      expect(body).toContain('85.00');
    }
    await setStatus('CONFIRMED');
    await sendMail(house.app, { ...awaited, subjectId: (await booked([2])).order.subjectId });
    expect(server.received).toHaveLength(1);
  });
});

describe('without an SMTP server', () => {
  it('mails land in the data folder, each once', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'usher-mail-'));
    const local = await startHouse({ on: house.database, config: { dataDir } });
    try {
      const { order } = await booked();
      await sendMail(local.app, order);
      await sendMail(local.app, order);
      const files = await readdir(join(dataDir, 'mail'));
      expect(files).toEqual([`booking-confirmed-${order.subjectId}.eml`]);
      const mail = await PostalMime.parse(await readFile(join(dataDir, 'mail', files[0]!)));
      expect(mail.to).toMatchObject([{ address: buyer.email }]);
      expect(mail.attachments).toHaveLength(3);
    } finally {
      await local.close();
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('the other mails', () => {
  async function refunded(): Promise<MailOrder> {
    const { order } = await booked();
    await house.gql(
      'mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { status } }',
      {
        input: {
          bookingId: eventScopedId('Booking', { eventId: order.eventId, id: order.subjectId }),
          idempotencyKey: newId(),
        },
      },
      { token: office.ownerToken },
    );
    const [refund] = await house.app.db.query<{ id: string }>(
      'SELECT id FROM refunds WHERE event_id = $1 AND booking_id = $2',
      [order.eventId, order.subjectId],
    );
    return { ...order, kind: 'booking-refunded', subjectId: refund!.id };
  }

  it('tell of money on its way back', async () => {
    await sendMail(house.app, await refunded());
    expect(server.received[0]?.mail.subject).toBe('Your refund for An evening');
    expect(bodyOf('text')).toContain('EUR 85.00');
    expect(server.received[0]?.to).toEqual([buyer.email]);
  });

  it('tell of money that has come back, and no more that it is on its way', async () => {
    const order = await refunded();
    const failed: MailOrder = { ...order, kind: 'refund-failed' };
    await house.app.db.query(
      `UPDATE refunds SET status = 'FAILED', failure_code = 'account_closed' WHERE event_id = $1`,
      [office.eventUuid],
    );
    await sendMail(house.app, order);
    await sendMail(house.app, failed);
    await sendMail(house.app, failed);
    expect(await statusOf(order)).toEqual(['NEEDLESS', 'SENT']);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.mail.subject).toBe('Your refund for An evening has come back to us');
    expect(server.received[0]?.to).toEqual([buyer.email]);
    expect(bodyOf('text')).toContain('EUR 85.00');
    // What the provider calls it is for staff.
    expect(bodyOf('text')).not.toContain('account_closed');
  });

  it('tell of an event that does not take place, and take it out of the calendar', async () => {
    const { order } = await booked();
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      office.eventUuid,
    ]);
    await sendMail(house.app, { ...order, kind: 'event-cancelled' });
    expect(server.received[0]?.mail.subject).toBe('Cancelled: An evening');
    expect(bodyOf('text')).toContain('money back');
    const [calendar] = server.received[0]!.mail.attachments;
    expect(Buffer.from(calendar!.content as ArrayBuffer).toString()).toContain('STATUS:CANCELLED');
  });

  it('tell what becomes of a payment that came late', async () => {
    const { order } = await booked([0]);
    await sendMail(house.app, { ...order, kind: 'payment-late' });
    expect(bodyOf('text')).toContain('They were still free, and are yours');
    const { order: lost } = await booked([1]);
    await house.app.db.query(
      `UPDATE bookings SET status = 'FAILED' WHERE event_id = $1 AND id = $2`,
      [lost.eventId, lost.subjectId],
    );
    await sendMail(house.app, { ...lost, kind: 'payment-late' });
    expect(server.received[1]?.mail.text).toContain('goes back the way you paid');
  });
});

/** The built server, killed while it sends a mail. */
import { join, resolve } from 'node:path';
import { requireEventScoped } from '../../../src/infra/ids';
import { startHouse, type House } from '../../support/house';
import { openBoxOffice, type BoxOffice } from '../../support/box-office';
import { buildUsher, BUILD_MS_MAX } from '../../support/build';
import { startUsherProcess, type UsherProcess } from '../../support/usher-process';
import { bookTickets } from '../tickets/door';
import { MailServer } from './mail-server';

const ROOT = resolve(__dirname, '../../..');
let server: MailServer;
let house: House;
let office: BoxOffice;
beforeAll(async () => {
  await buildUsher();
  server = await MailServer.start();
  house = await startHouse();
  office = await openBoxOffice(house);
}, BUILD_MS_MAX);
afterAll(async () => {
  await house.close();
  await server.stop();
});
beforeEach(() => {
  server.received.length = 0;
  server.attempts = 0;
});

function startWorker(crashAt?: string): Promise<UsherProcess> {
  return startUsherProcess({
    databaseUrl: house.database.url,
    role: 'all',
    env: {
      SMTP_URL: server.url,
      MAIL_FROM: 'tickets@usher.example',
      ...(crashAt !== undefined && {
        CRASH_AT: crashAt,
        NODE_OPTIONS: `--require ${join(ROOT, 'test/support/crash-at.cjs')}`,
      }),
    },
  });
}

/** A booking whose mail the worker is about to send; its mail's status when the worker has died. */
async function killAt(step: string, no: number): Promise<{ status: () => Promise<string> }> {
  const buyer = await house.given.user();
  const { id } = await bookTickets(house, office, buyer.token, [no]);
  const { eventId, id: subjectId } = requireEventScoped('Booking', id);
  // It may be dead before it has said where it listens.
  await startWorker(step).then(
    (worker) => worker.gone,
    () => undefined,
  );
  // As though the time had passed that a claim lasts, and the queue had given its job to somebody else.
  await house.app.db.query(`UPDATE mails SET claimed_at = claimed_at - interval '1 hour'`);
  await house.app.db.query(
    `SELECT graphile_worker.force_unlock_workers(array_agg(locked_by))
     FROM graphile_worker.jobs WHERE locked_by IS NOT NULL`,
  );
  await house.app.db.query(
    `SELECT graphile_worker.reschedule_jobs(array_agg(id), run_at := now())
     FROM graphile_worker.jobs WHERE task_identifier = 'send-mail'`,
  );
  return {
    status: async () => {
      const [mail] = await house.app.db.query<{ status: string }>(
        'SELECT status FROM mails WHERE event_id = $1 AND subject_id = $2',
        [eventId, subjectId],
      );
      return mail?.status ?? 'none';
    },
  };
}

describe('a worker that is killed', () => {
  it('before it gives the mail away has it sent by the next one', async () => {
    const mail = await killAt('mail-claimed', 0);
    expect(await mail.status()).toBe('CLAIMED');
    expect(server.attempts).toBe(0);
    const next = await startWorker();
    await server.until(1);
    await next.stop();
    expect([await mail.status(), server.received.length]).toEqual(['SENT', 1]);
    expect(server.received[0]?.mail.attachments).toHaveLength(2);
  }, 120_000);

  it('after the server has taken the mail does not have it sent twice', async () => {
    const mail = await killAt('mail-handed-over', 1);
    expect([await mail.status(), server.received.length]).toEqual(['SENDING', 1]);
    const later = await anotherMail(2);
    const next = await startWorker();
    await server.until(2);
    await next.stop();
    expect(await mail.status()).toBe('UNCERTAIN');
    expect(server.received.filter(({ to }) => to.includes(later))).toHaveLength(1);
    expect(server.received).toHaveLength(2);
  }, 120_000);
});

/** A later mail: when it has come, the worker has been past the earlier one. */
async function anotherMail(no: number): Promise<string> {
  const buyer = await house.given.user();
  await bookTickets(house, office, buyer.token, [no]);
  return buyer.email;
}

/**
 * Mails are told at most once. SMTP knows no transaction: between the server's taking a mail and our
 * writing that down, a process may die, and nobody can say then on which side of it. So each step is
 * written down before it is taken:
 *
 *   CLAIMED   an attempt has it. It dies: another takes over, since nothing has been given away.
 *   SENDING   the server is there and gets the text. It dies here, or the connection breaks before
 *             the server has answered: UNCERTAIN, and not sent again.
 *   SENT, or WAITING (tried again with growing pauses), or FAILED (refused for good).
 */
import { createTransport } from 'nodemailer';
import type { App } from '../../app.types';
import { oneLine } from '../../graphql/text';
import { newId } from '../../infra/ids';
import { reached } from '../../infra/steps';
import { printTicket } from '../tickets/ticket-papers';
import { formOf } from './form';
import type { Composed, Letter } from './letter';
import { composeLetter } from './letters';
import { Mail, type MailStatus } from './mail.entity';
import { factOf, homeOf, type AnyMailOrder } from './mail.facts';
import { composeOwnerLetter } from './owner-letters';
import { MailRefused, MailUncertain, messageIdOf, postOf } from './post';

/** An attempt that says nothing for so long is dead: its steps together cannot take that long. */
const CLAIM_SECONDS = 120;
/** What a mail may carry; the links lead to the others. */
const TICKETS_ATTACHED_MAX = 20;
/** Where no address is set, mails go into a folder and to nobody. */
const UNSET_ADDRESS = 'usher@localhost';

/** Sends the mail of a fact, unless that has been done. Throws where it is to be tried again. */
export async function sendMail(app: App, order: AnyMailOrder): Promise<void> {
  const composed = await compose(app, order);
  const eventId = homeOf(order);
  const fact = factOf(order, composed?.edition);
  const claimId = await claim(app, order, fact);
  if (claimId === undefined) return;
  const key = { eventId, fact, claimId };
  const mails = app.db.orm.getRepository(Mail);
  if (composed === undefined) {
    await mails.update(key, { status: 'NEEDLESS' });
    return;
  }
  await reached('mail-claimed');
  const { letter } = composed;
  const messageId = messageIdOf(eventId, fact, app.config.mailFrom ?? UNSET_ADDRESS);
  try {
    const { envelope, text } = await write(app, letter, messageId);
    await postOf(app.config).send({
      name: fact.replaceAll(':', '-'),
      envelope,
      text,
      onHandingOver: () => handOver(app, key),
    });
  } catch (error) {
    const status = statusAfter(error);
    await mails.update(key, { status, failure: (error as Error).message.slice(0, 500) });
    if (status === 'WAITING') throw error;
    app.log.warn({ err: error, fact, eventId, status }, 'a mail was not sent');
    return;
  }
  await reached('mail-handed-over');
  await mails.update(key, {
    status: 'SENT',
    sentAt: app.clock.now(),
    recipient: letter.to.address,
    messageId,
    failure: null,
  });
}

function compose(app: App, order: AnyMailOrder): Promise<Composed | undefined> {
  return 'eventId' in order ? composeLetter(app, order) : composeOwnerLetter(app, order);
}

function statusAfter(error: unknown): MailStatus {
  if (error instanceof MailRefused) return 'FAILED';
  return error instanceof MailUncertain ? 'UNCERTAIN' : 'WAITING';
}

/** Undefined where nothing is left to do. Throws while another attempt has it. */
async function claim(app: App, order: AnyMailOrder, fact: string): Promise<string | undefined> {
  const { kind, subjectId } = order;
  const eventId = homeOf(order);
  const now = app.clock.now();
  const dead = new Date(now.getTime() - CLAIM_SECONDS * 1000);
  const claimId = newId();
  const claimed = await app.db.query<{ claim_id: string }>(
    `INSERT INTO mails AS m (event_id, fact, kind, subject_id, status, claim_id, claimed_at, attempts)
     VALUES ($1, $2, $3, $4, 'CLAIMED', $5, $6, 1)
     ON CONFLICT (event_id, fact) DO UPDATE
       SET status = 'CLAIMED', claim_id = $5, claimed_at = $6, attempts = m.attempts + 1
       WHERE m.status = 'WAITING' OR (m.status = 'CLAIMED' AND m.claimed_at < $7)
     RETURNING claim_id`,
    [eventId, fact, kind, subjectId, claimId, now, dead],
  );
  if (claimed.length > 0) return claimId;
  const mails = app.db.orm.getRepository(Mail);
  const mail = await mails.findOneByOrFail({ eventId, fact });
  if (mail.status === 'SENDING' && mail.claimedAt < dead) {
    await mails.update(
      { eventId, fact, status: 'SENDING', claimId: mail.claimId },
      { status: 'UNCERTAIN' },
    );
    app.log.warn({ fact, eventId }, 'a mail may or may not have been sent, and is not sent again');
    return undefined;
  }
  if (mail.status === 'CLAIMED' || mail.status === 'SENDING') {
    throw new Error(`the mail ${fact} is being sent by another attempt`);
  }
  return undefined;
}

/** Throws where the claim is another's by now: then nothing is given away. */
async function handOver(
  app: App,
  key: { eventId: string; fact: string; claimId: string },
): Promise<void> {
  const { affected } = await app.db.orm
    .getRepository(Mail)
    .update({ ...key, status: 'CLAIMED' }, { status: 'SENDING' });
  if (affected !== 1) throw new Error(`the mail ${key.fact} has been taken over`);
  await reached('mail-sending');
}

async function write(
  app: App,
  letter: Letter,
  messageId: string,
): Promise<{ envelope: { from: string; to: string }; text: Buffer }> {
  const address = app.config.mailFrom ?? UNSET_ADDRESS;
  const { html, text } = await formOf(letter);
  const attached = letter.tickets.slice(0, TICKETS_ATTACHED_MAX);
  const pdfs = await Promise.all(attached.map((ticket) => printTicket(app, ticket)));
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({
    from: { name: oneLine(letter.from), address },
    to: { name: oneLine(letter.to.name), address: letter.to.address },
    subject: oneLine(letter.subject),
    date: app.clock.now(),
    messageId,
    headers: { 'Auto-Submitted': 'auto-generated' },
    html,
    text,
    attachments: [
      ...pdfs.map((content, i) => ({
        filename: pdfs.length === 1 ? 'ticket.pdf' : `ticket-${i + 1}.pdf`,
        content,
        contentType: 'application/pdf',
      })),
      ...(letter.calendar === undefined
        ? []
        : [
            {
              filename: 'event.ics',
              content: letter.calendar,
              contentType: 'text/calendar; charset=utf-8; method=PUBLISH',
            },
          ]),
    ],
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  if (!Buffer.isBuffer(message)) throw new Error('a mail was not composed in one piece');
  return { envelope: { from: address, to: letter.to.address }, text: message };
}

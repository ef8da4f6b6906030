/**
 * Where mails go: to an SMTP server, or, where there is none, into a folder. The mail is one finished
 * text (RFC 5322) in both cases.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { Config } from '../../config';

export type Envelope = { from: string; to: string };

/** Refused for good: trying again would only be refused again. */
export class MailRefused extends Error {}

/** Given away, and the connection broke before the server said whether it has it. */
export class MailUncertain extends Error {}

export interface Post {
  /** Throws MailRefused, MailUncertain, or anything else where it may be tried again. `onHandingOver` comes before the text is given away. */
  send(mail: {
    name: string;
    envelope: Envelope;
    text: Buffer;
    onHandingOver: () => Promise<void>;
  }): Promise<void>;
}

/** A server that takes longer for a step has hung. Together less than the time a claim lasts. */
const CONNECT_MS_MAX = 10_000;
const SILENT_MS_MAX = 20_000;

export function postOf(config: Config): Post {
  return config.smtpUrl === undefined
    ? folderPost(join(resolve(config.dataDir), 'mail'))
    : smtpPost(config.smtpUrl);
}

/** A no to this mail, and not to us: a wrong password is put right, and then all mails go. */
const ABOUT_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE']);

function smtpPost(url: string): Post {
  const transport = createTransport({
    url,
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENT_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ envelope, text, onHandingOver }) {
      // Read only when the server is there and asks for it: a process that dies before that has sent nothing.
      const parcel = { given: false };
      const raw = Readable.from(
        lazily(text, async () => {
          await onHandingOver();
          parcel.given = true;
        }),
      );
      try {
        await transport.sendMail({ envelope, raw });
      } catch (error) {
        const { code = '', responseCode } = error as { code?: string; responseCode?: number };
        if (ABOUT_THE_MAIL.has(code) && responseCode !== undefined && responseCode >= 500) {
          throw new MailRefused((error as Error).message, { cause: error });
        }
        if (parcel.given && responseCode === undefined) {
          throw new MailUncertain((error as Error).message, { cause: error });
        }
        throw error;
      } finally {
        raw.destroy();
      }
    },
  };
}

async function* lazily(text: Buffer, before: () => Promise<void>): AsyncGenerator<Buffer> {
  await before();
  yield text;
}

function folderPost(folder: string): Post {
  return {
    async send({ name, text, onHandingOver }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await onHandingOver();
      // Under the name of its fact: written twice, it is there once.
      const file = join(folder, `${name}.eml`);
      const aside = `${file}.${randomBytes(6).toString('hex')}`;
      await writeFile(aside, text, { mode: 0o600 });
      await rename(aside, file);
    },
  };
}

/** The same for the same fact, so that whoever gets a mail twice after all can tell. */
export function messageIdOf(eventId: string, fact: string, address: string): string {
  const digest = createHash('sha256').update(`${eventId} ${fact}`).digest('hex').slice(0, 32);
  return `<${digest}@${address.split('@').at(-1) ?? 'usher'}>`;
}

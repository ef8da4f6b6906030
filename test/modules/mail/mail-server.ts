/** A real SMTP server on this machine, that misbehaves as it is told to. */
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface Received {
  raw: string;
  from: string;
  to: string[];
  mail: Email;
}

/** What the server says to the next mails: 250, or a code that refuses; 'hang up' breaks the connection. */
export type Mood = number | 'hang up';

export class MailServer {
  readonly received: Received[] = [];
  /** One for each mail to come; then it takes whatever comes. */
  readonly moods: Mood[] = [];
  attempts = 0;
  private readonly waiting: { count: number; resolve: () => void }[] = [];

  private constructor(private readonly server: SMTPServer) {}

  static async start(): Promise<MailServer> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          void mailServer
            .take(Buffer.concat(chunks), session.envelope)
            .then((answer) => callback(answer), callback);
        });
      },
    });
    server.on('error', () => undefined); // a connection that a test has broken
    const mailServer = new MailServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return mailServer;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** Resolves once so many mails have been taken. */
  async until(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => this.waiting.push({ count, resolve }));
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private async take(
    data: Buffer,
    envelope: { mailFrom: false | { address: string }; rcptTo: { address: string }[] },
  ): Promise<Error | null> {
    this.attempts++;
    const mood = this.moods.shift() ?? 250;
    if (mood === 'hang up') {
      for (const connection of this.server.connections) connection.close();
      return null;
    }
    if (mood !== 250) return Object.assign(new Error('not now'), { responseCode: mood });
    this.received.push({
      raw: data.toString('utf8'),
      from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
      to: envelope.rcptTo.map(({ address }) => address),
      mail: await PostalMime.parse(data),
    });
    for (const { count, resolve } of this.waiting) if (this.received.length >= count) resolve();
    return null;
  }
}

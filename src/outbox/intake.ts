/**
 * What Usher takes from Kafka. A message has its effect once: its id is written in the transaction of
 * the effect. One that cannot be handled, now or ever, goes to the dead-letter topic with the reason,
 * so that it never stands in the way of those behind it.
 */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Database } from '../infra/database';
import { withCorrelation, type Logger } from '../infra/logger';
import type { Metrics } from '../infra/metrics';
import type { ConsumedMessage, Consumption, Kafka } from './kafka';

/** Tries for one message, with pauses of 0.2, 0.4, 0.8 … seconds between them. */
const ATTEMPTS_MAX = 5;
const PAUSE_MS_MIN = 200;
const REASON_LENGTH_MAX = 500;
/** What of a message's own headers goes along to the dead letters. */
const HEADERS_MAX = 20;

/** What can never be handled, however often it is tried. */
export class PoisonMessage extends Error {}

const envelope = z.object({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(100),
  correlationId: z.string().max(100).optional(),
  data: z.record(z.string(), z.unknown()),
});
export type IntakeMessage = z.infer<typeof envelope>;

export interface IntakeOptions {
  topic: string;
  deadLetterTopic: string;
  groupId: string;
  /** The effect, in the transaction that marks the message as handled. Throws PoisonMessage. */
  handle: (tx: EntityManager, message: IntakeMessage) => Promise<void>;
}

export class Intake {
  private consumption: Consumption | undefined;
  private away = false;

  constructor(
    private readonly kafka: Kafka,
    private readonly house: { db: Database; log: Logger; metrics: Metrics },
    private readonly options: IntakeOptions,
  ) {}

  /** Starts consuming, or starts again what has stopped. */
  async keepUp(): Promise<void> {
    if (this.consumption?.isAlive) return;
    await this.stop();
    const { topic, groupId } = this.options;
    try {
      this.consumption = await this.kafka.consume({
        topic,
        groupId,
        take: (message, stillHere) => this.take(message, stillHere),
      });
      this.away = false;
    } catch (error) {
      if (!this.away)
        this.house.log.warn({ err: error, topic }, 'Kafka is away: nothing is taken in');
      this.away = true;
    }
  }

  async stop(): Promise<void> {
    await this.consumption?.stop();
    this.consumption = undefined;
  }

  private async take(message: ConsumedMessage, stillHere: () => Promise<void>): Promise<void> {
    const { metrics } = this.house;
    for (let attempt = 1; ; attempt++) {
      try {
        const outcome = await this.handleOnce(message);
        metrics.consumedMessages.inc({ outcome });
        return;
      } catch (error) {
        const isPoison = error instanceof PoisonMessage;
        if (isPoison || attempt === ATTEMPTS_MAX) {
          // Where the database is away it is not the message's fault: this rejects, and it comes again.
          if (!isPoison) await this.house.db.query('SELECT 1');
          await this.bury(message, (error as Error).message, attempt);
          return;
        }
        await stillHere();
        const pauseMs = PAUSE_MS_MIN * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        await new Promise((resume) => setTimeout(resume, pauseMs));
      }
    }
  }

  private handleOnce(message: ConsumedMessage): Promise<'handled' | 'repeated'> {
    const wanted = read(message);
    return withCorrelation({ correlationId: wanted.correlationId ?? `kafka-${wanted.id}` }, () =>
      this.house.db.transaction(async (tx) => {
        const first = await tx.query<unknown[]>(
          `INSERT INTO consumed_messages (topic, message_id) VALUES ($1, $2)
           ON CONFLICT DO NOTHING RETURNING message_id`,
          [message.topic, wanted.id],
        );
        if (first.length === 0) return 'repeated';
        await this.options.handle(tx, wanted);
        return 'handled';
      }),
    );
  }

  private async bury(message: ConsumedMessage, reason: string, attempts: number): Promise<void> {
    const { log, metrics } = this.house;
    const { topic, partition, offset } = message;
    await this.kafka.send(this.options.deadLetterTopic, [
      {
        key: message.key,
        value: message.value,
        headers: {
          ...Object.fromEntries(Object.entries(message.headers).slice(0, HEADERS_MAX)),
          'dead-letter-reason': reason.slice(0, REASON_LENGTH_MAX),
          'dead-letter-attempts': String(attempts),
          'dead-letter-from': `${topic}/${partition}/${offset}`,
        },
      },
    ]);
    metrics.consumedMessages.inc({ outcome: 'dead' });
    log.warn({ topic, partition, offset, reason }, 'a message went to the dead letters');
  }
}

function read({ value }: ConsumedMessage): IntakeMessage {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    throw new PoisonMessage('is not JSON');
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) throw new PoisonMessage(z.prettifyError(parsed.error));
  return parsed.data;
}

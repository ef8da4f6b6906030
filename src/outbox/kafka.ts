/** The one place that knows kafkajs: sending in order, and consuming in a group. */
import {
  Kafka as KafkaJs,
  logLevel,
  Partitioners,
  type Consumer,
  type KafkaConfig,
  type KafkaMessage as Received,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import type { KafkaSasl, KafkaTls } from '../config';
import type { Logger } from '../infra/logger';

const CONNECT_MS = 3_000;
const REQUEST_MS = 5_000;
/** The relay's own pauses are longer; more tries here would outlast its lease. */
const RETRIES = 1;

export interface KafkaMessage {
  /** Messages of one key keep their order. */
  key: string | null;
  value: string;
  headers: Record<string, string>;
}

export interface ConsumedMessage extends KafkaMessage {
  topic: string;
  partition: number;
  offset: string;
}

export interface Consumption {
  /** False once it has stopped by itself: then start another one. */
  readonly isAlive: boolean;
  stop(): Promise<void>;
}

export interface KafkaOptions {
  brokers: readonly string[];
  /** Absent: not encrypted. */
  tls?: KafkaTls | undefined;
  sasl?: KafkaSasl | undefined;
  log: Logger;
}

export class Kafka {
  private readonly kafka: KafkaJs;
  private producer: Promise<Producer> | undefined;

  constructor({ brokers, tls, sasl, log }: KafkaOptions) {
    this.kafka = new KafkaJs({
      brokers: [...brokers],
      clientId: 'usher',
      ...(tls && { ssl: { ...tls } }),
      // It is the mechanism that says which of kafkajs's own types this is.
      ...(sasl && { sasl: { ...sasl } as SASLOptions }),
      connectionTimeout: CONNECT_MS,
      requestTimeout: REQUEST_MS,
      retry: { retries: RETRIES, initialRetryTime: 100, maxRetryTime: 1_000 },
      logLevel: logLevel.WARN,
      logCreator: logInto(log),
    });
  }

  /** Resolves when all in-sync replicas have the messages; rejects where some may not have them. */
  async send(topic: string, messages: readonly KafkaMessage[]): Promise<void> {
    this.producer ??= this.connect();
    const connecting = this.producer;
    try {
      const producer = await connecting;
      await producer.send({ topic, acks: -1, messages: [...messages] });
    } catch (error) {
      // A client that has seen its broker die may keep on asking for it: begin anew.
      if (this.producer === connecting) this.producer = undefined;
      void connecting.then((producer) => producer.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Hands over messages one at a time, in the order of each partition, and remembers each that was
   * taken. One that `take` rejects comes again.
   */
  async consume(options: {
    groupId: string;
    topic: string;
    take: (message: ConsumedMessage, stillHere: () => Promise<void>) => Promise<void>;
  }): Promise<Consumption> {
    const consumer = this.kafka.consumer({
      groupId: options.groupId,
      allowAutoTopicCreation: true,
    });
    let isAlive = true;
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) isAlive = false;
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: options.topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachMessage: async (each) => {
          const { topic, partition, message } = each;
          await options.take({ topic, partition, ...readable(message) }, () => each.heartbeat());
          const offset = (BigInt(message.offset) + 1n).toString();
          await consumer.commitOffsets([{ topic, partition, offset }]);
        },
      });
    } catch (error) {
      await stopped(consumer);
      throw error;
    }
    return {
      get isAlive() {
        return isAlive;
      },
      stop: () => stopped(consumer),
    };
  }

  async close(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.then((open) => open.disconnect()).catch(() => undefined);
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      // One request at a time to a broker: a retry cannot overtake what comes after it.
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }
}

async function stopped(consumer: Consumer): Promise<void> {
  await consumer.disconnect().catch(() => undefined);
}

function readable({ key, value, headers = {}, offset }: Received) {
  const texts: Record<string, string> = {};
  for (const [name, header] of Object.entries(headers)) {
    const first = Array.isArray(header) ? header[0] : header;
    if (first !== undefined) texts[name] = first.toString();
  }
  return { key: key?.toString() ?? null, value: value?.toString() ?? '', headers: texts, offset };
}

function logInto(log: Logger): NonNullable<KafkaConfig['logCreator']> {
  return () =>
    ({ level, log: { message, error } }) => {
      if (level <= logLevel.WARN) log.warn({ kafka: error as unknown }, `kafka: ${message}`);
    };
}

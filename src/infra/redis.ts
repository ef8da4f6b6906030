import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger';

/** Reconnects for ever, ever more slowly: Usher lives without Redis, and notices when it is back. */
const options: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2_000,
  commandTimeout: 2_000,
  retryStrategy: (attempts) => Math.min(100 * 2 ** Math.min(attempts, 5), 2_000),
};

export type RedisClient = Redis | Cluster;

/** A Redis that hangs keeps its connections: only asking tells. */
const PULSE_EVERY_MS = 500;
const PULSE_TIMEOUT_MS = 1_000;
/** Then a connection is given up, whatever it seems to be: the other end may have gone without a word. */
const SILENT_MS_MAX = 5_000;

/** Whether one connection answers. */
class Pulse {
  private timer: NodeJS.Timeout | undefined;
  private answeredAtMs = performance.now();
  beats = true;

  constructor(private readonly client: RedisClient) {}

  start(): void {
    this.timer = setInterval(() => void this.feel(), PULSE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async feel(): Promise<void> {
    const { status } = this.client;
    if (status === 'ready') {
      const askedAtMs = performance.now();
      this.client.ping().then(
        () => (this.answeredAtMs = Math.max(this.answeredAtMs, askedAtMs)),
        () => undefined,
      );
    }
    await new Promise(setImmediate); // an answer that has come must not count as late
    const silentMs = performance.now() - this.answeredAtMs;
    this.beats = silentMs < PULSE_EVERY_MS + PULSE_TIMEOUT_MS;
    if (silentMs > SILENT_MS_MAX && (status === 'ready' || status === 'connect')) {
      this.answeredAtMs = performance.now();
      this.client.disconnect(true);
    }
  }
}

/**
 * Two connections, since one that subscribes can do nothing else. Nothing is queued while Redis is
 * away: a command fails at once, and its caller goes on without.
 */
export class RedisLinks {
  private readonly pulses: readonly Pulse[];

  private constructor(
    readonly commands: RedisClient,
    readonly subscriber: RedisClient,
  ) {
    this.pulses = [new Pulse(commands), new Pulse(subscriber)];
  }

  static async connect(urls: readonly string[], log: Logger): Promise<RedisLinks> {
    // The subscriber keeps what it subscribed to over a reconnect, and so may queue; and what it queues
    // waits until Redis is back, since a subscription that was given up would not be made again.
    const links = new RedisLinks(
      // What is published in one turn of the event loop goes out in one write.
      createClient(urls, { ...options, enableAutoPipelining: true }),
      createClient(urls, {
        ...options,
        enableOfflineQueue: true,
        maxRetriesPerRequest: null,
        commandTimeout: undefined,
      }),
    );
    for (const client of [links.commands, links.subscriber]) {
      let down = false;
      client.on('error', (error: Error) => {
        if (!down)
          log.warn({ err: error }, 'Redis is away; live updates fall back to the change log');
        down = true;
      });
      client.on('ready', () => {
        if (down) log.info('Redis is back');
        down = false;
      });
      // A failed first try is no reason not to start: the retry strategy goes on.
      await client.connect().catch(() => undefined);
    }
    for (const pulse of links.pulses) pulse.start();
    return links;
  }

  /** Connected, and answering: whether what is published now will come to others at once. */
  get isUp(): boolean {
    const connected = this.commands.status === 'ready' && this.subscriber.status === 'ready';
    return connected && this.pulses.every(({ beats }) => beats);
  }

  /** The subscriber hangs up first, so that nothing arrives while the rest closes. */
  close(): void {
    for (const pulse of this.pulses) pulse.stop();
    this.subscriber.disconnect();
    this.commands.disconnect();
  }
}

function createClient(urls: readonly string[], redisOptions: RedisOptions): RedisClient {
  const [first] = urls;
  if (first === undefined) throw new Error('RedisLinks needs at least one URL');
  if (urls.length === 1) return new Redis(first, redisOptions);
  const { password, username } = new URL(first);
  return new Cluster([...urls], {
    redisOptions: {
      ...redisOptions,
      password: decodeURIComponent(password),
      username: username || undefined,
    },
    lazyConnect: true,
    enableOfflineQueue: redisOptions.enableOfflineQueue ?? true,
    enableAutoPipelining: redisOptions.enableAutoPipelining ?? false,
    clusterRetryStrategy: (attempts) => Math.min(100 * 2 ** Math.min(attempts, 5), 2_000),
  });
}

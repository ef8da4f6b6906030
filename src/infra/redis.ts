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

/**
 * Two connections, since one that subscribes can do nothing else. Nothing is queued while Redis is
 * away: a command fails at once, and its caller goes on without.
 */
export class RedisLinks {
  private constructor(
    readonly commands: RedisClient,
    readonly subscriber: RedisClient,
  ) {}

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
    return links;
  }

  get isUp(): boolean {
    return this.commands.status === 'ready' && this.subscriber.status === 'ready';
  }

  /** The subscriber hangs up first, so that nothing arrives while the rest closes. */
  close(): void {
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

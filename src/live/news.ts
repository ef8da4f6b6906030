/**
 * Small news by channel, for subscriptions that tell of one thing's new state: best effort, over Redis
 * to every process, and within this one where Redis is away. Who subscribes reads the state from the
 * database first, and again at each piece of news; so a lost one delays and never misleads.
 */
import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Logger } from '../infra/logger';
import type { RedisClient, RedisLinks } from '../infra/redis';

type Listener = (payload: unknown) => void;

export class News {
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly redisSubscriptions = new Map<string, Promise<number | undefined>>();
  private readonly pubSub: RedisPubSub | undefined;

  constructor(
    private readonly redis: RedisLinks | undefined,
    private readonly log: Logger,
  ) {
    if (redis === undefined) return;
    this.pubSub = new RedisPubSub({
      publisher: redis.commands as never,
      subscriber: forgiving(redis.subscriber) as never,
    });
  }

  /** Whether other processes' news come at once; else the change log has to tell. */
  get quick(): boolean {
    return this.redis?.isUp ?? false;
  }

  /** Tells every process; resolves when Redis has it, and never throws. Listeners here hear it even without Redis. */
  async publish(channel: string, payload: unknown): Promise<void> {
    if (this.pubSub === undefined || !this.quick) {
      this.deliver(channel, payload);
      return;
    }
    try {
      await this.pubSub.publish(channel, payload);
    } catch (error) {
      this.log.debug({ err: error, channel }, 'Redis did not take a message');
      this.deliver(channel, payload);
    }
  }

  /** Calls `listener` for each payload until the returned function is called. */
  listen(channel: string, listener: Listener): () => void {
    let listeners = this.listeners.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.listeners.set(channel, listeners);
      this.subscribeRedis(channel);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.listeners.get(channel) !== listeners) return;
      this.listeners.delete(channel);
      this.unsubscribeRedis(channel);
    };
  }

  private deliver(channel: string, payload: unknown): void {
    for (const listener of this.listeners.get(channel) ?? []) listener(payload);
  }

  private subscribeRedis(channel: string): void {
    const subscription = this.pubSub
      ?.subscribe(channel, (payload: unknown) => this.deliver(channel, payload))
      .catch((error: unknown) => {
        this.log.debug({ err: error, channel }, 'could not subscribe in Redis');
        return undefined;
      });
    if (subscription !== undefined) this.redisSubscriptions.set(channel, subscription);
  }

  private unsubscribeRedis(channel: string): void {
    const subscription = this.redisSubscriptions.get(channel);
    this.redisSubscriptions.delete(channel);
    void subscription?.then((id) => {
      if (id !== undefined) this.pubSub?.unsubscribe(id);
    });
  }
}

/**
 * RedisPubSub does not wait for what it unsubscribes, and keeps a second promise of each subscription
 * that nobody looks at; where Redis goes away for good, those would be rejections nobody hears, which
 * end the process. A channel that stays subscribed costs a message nobody listens to; one that could
 * not be subscribed to by the time the connection is closed is needed by nobody.
 */
function forgiving(client: RedisClient): RedisClient {
  const quiet = (method: 'unsubscribe' | 'punsubscribe') => (channel: string) =>
    client[method](channel).catch(() => undefined);
  const subscribe = (channel: string, done: (error: null) => void) =>
    client.subscribe(channel).then(
      () => done(null),
      () => undefined,
    );
  return new Proxy(client, {
    get(target, name) {
      if (name === 'subscribe') return subscribe;
      if (name === 'unsubscribe' || name === 'punsubscribe') return quiet(name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

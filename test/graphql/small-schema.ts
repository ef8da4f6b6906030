/** A small schema whose subscriptions are shared, and sources that the test drives by hand. */
import {
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
  type ExecutionResult,
} from 'graphql';
import type { App } from '../../src/app.types';
import { Connection, type Channel } from '../../src/graphql/connection';
import { defineLoader, RequestContext, type Viewer } from '../../src/graphql/context';
import { FanOut, type SharedFeed, type SubscriptionArgs } from '../../src/graphql/fan-out';
import type { Payload } from '../../src/graphql/payload';
import { systemClock } from '../../src/infra/clock';
import { createLogger } from '../../src/infra/logger';
import { Metrics } from '../../src/infra/metrics';
import { Watch, type LiveUpdate, type Watched } from '../../src/live/watch';
import { until } from '../support/until';

interface Making {
  executions: number;
  /** What is found beside the state that is told. */
  elsewhere: string;
  broken: boolean;
  /** Happens once, in the middle of the next execution. */
  whileMade: (() => void) | undefined;
}
/** How messages are made; tests look at it and change it. */
export let making: Making;
const ELSEWHERE = defineLoader<number, string>((_context, keys) =>
  Promise.resolve(keys.map(() => making.elsewhere)),
);
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType<LiveUpdate, RequestContext>({
    name: 'Subscription',
    fields: {
      news: {
        type: new GraphQLNonNull(
          new GraphQLObjectType<LiveUpdate, RequestContext>({
            name: 'News',
            fields: {
              fragile: {
                type: new GraphQLNonNull(GraphQLString),
                resolve: () => {
                  if (making.broken) throw new Error('it is broken');
                  return 'whole';
                },
              },
              whole: { type: GraphQLInt, resolve: (news) => (news.snapshot ? 1 : 0) },
              nos: {
                type: GraphQLString,
                args: { plus: { type: GraphQLInt } },
                resolve: ({ nos }, { plus = 0 }: { plus?: number }) =>
                  nos.map((no) => no + plus).join(' '),
              },
              elsewhere: {
                type: GraphQLString,
                resolve: (_news, _args, context) => context.load(ELSEWHERE, 1),
              },
              reader: {
                type: GraphQLString,
                resolve: (_news, _args, { viewer }) =>
                  viewer.kind === 'anonymous' ? viewer.kind : viewer.id,
              },
            },
          }),
        ),
        args: { after: { type: GraphQLString } },
        resolve: (news) => {
          making.executions++;
          const change = making.whileMade;
          making.whileMade = undefined;
          change?.();
          return news;
        },
      },
    },
  }),
});

/** One event's source: what is marked goes out with the next tick. */
class Source implements Watched {
  readonly cursor = 'cursor';
  revision = 0;
  readonly watches = new Set<Watch>();
  admit(watch: Watch): void {
    this.watches.add(watch);
  }
  dismiss(watch: Watch): void {
    this.watches.delete(watch);
  }
  scheduleTick(): void {
    setImmediate(() => this.tick());
  }
  tick(): void {
    for (const watch of this.watches) watch.deliver();
  }
  change(...nos: number[]): void {
    this.revision++;
    for (const watch of this.watches) watch.mark(nos);
    this.tick();
  }
}

class Feed implements SharedFeed<LiveUpdate> {
  readonly shareKey = 'the event';
  readonly field = 'news';
  readonly startArguments = ['after'];
  constructor(private readonly watch: Watch) {}
  stateOf = ({ snapshot, nos }: LiveUpdate): string =>
    `${source.revision} ${snapshot} ${nos.join()}`;
  next = (): Promise<IteratorResult<LiveUpdate>> => this.watch.next();
  return = (): Promise<IteratorResult<LiveUpdate>> => this.watch.return();
  throw = (error: unknown): Promise<IteratorResult<LiveUpdate>> => this.watch.throw(error);
  [Symbol.asyncIterator](): this {
    return this;
  }
  fork(): Feed {
    return new Feed(this.watch.fork());
  }
  handOverTo(other: SharedFeed<LiveUpdate>): boolean {
    return other instanceof Feed && this.watch.handOverTo(other.watch);
  }
}

/** A reader that takes what it is sent, until it is told to stop. */
class Reader extends Connection {
  isOpen = true;
  unreadBytes = 0;
  isFull = false;
  private tellDrained: (() => void) | undefined;
  protected readonly channel = (): never => {
    throw new Error('subscribed by hand');
  };
  protected readonly tellErrors = (): Promise<void> => Promise.resolve();
  protected readonly tellComplete = (): Promise<void> => Promise.resolve();
  protected onceDrained(tell: () => void): void {
    this.tellDrained = tell;
  }
  protected pauseReading(): void {}
  protected resumeReading(): void {}
  cutOff(): void {}
  ping(): void {}
  expire(): void {}

  stopReading(): void {
    this.isFull = true;
    this.unreadBytes = 1024 * 1024;
  }
  readAgain(): void {
    this.isFull = false;
    this.unreadBytes = 0;
    this.tellDrained?.();
  }
}

export let app: App;
let fanOut: FanOut;
export let source: Source;

/** Everything anew for each test. */
export function openSmallSchema(): void {
  beforeEach(() => {
    making = { executions: 0, elsewhere: '', broken: false, whileMade: undefined };
    source = new Source();
    app = { metrics: new Metrics(), log: createLogger('fatal') } as unknown as App;
    fanOut = new FanOut(app, (result) => result);
  });
}

export interface Subscribed {
  reader: Reader;
  payloads: Payload[];
  /** The `news` of each message. */
  heard(): unknown[];
  stop(): void;
  done: Promise<void>;
}

/** Subscribes; the first message is the whole. */
export function begin(
  query = 'subscription { news { whole nos } }',
  variables: Record<string, unknown> = {},
  viewer: Viewer = { kind: 'anonymous' },
): Subscribed & { isInStep: () => boolean } {
  const payloads: Payload[] = [];
  const reader = new Reader('127.0.0.1', systemClock);
  const channel: Channel = {
    connection: reader,
    offer: (payload) => {
      if (!reader.hasRoom(payload.byteLength)) return false;
      payloads.push(payload);
      return true;
    },
  };
  const args: SubscriptionArgs = {
    schema,
    document: parse(query),
    variableValues: variables,
    contextValue: new RequestContext(app, () => viewer, 'c', ''),
  };
  const watch = new Watch(source);
  watch.markSnapshot();
  watch.open();
  const subscriber = fanOut.start(args, new Feed(watch), channel, 'news');
  return {
    reader,
    payloads,
    isInStep: () => payloads.length > 0 && subscriber.group !== undefined,
    heard: () =>
      payloads.map(({ json }) => {
        const { data } = JSON.parse(json.toString()) as ExecutionResult<{ news: unknown }>;
        return data?.news;
      }),
    stop: () => subscriber.stop(),
    done: subscriber.done,
  };
}
/** As begin, and waits for the first message. */
export async function subscribe(...asked: Parameters<typeof begin>): Promise<Subscribed> {
  const subscribed = begin(...asked);
  await until(subscribed.isInStep);
  return subscribed;
}
export const all = async (...subscribed: Promise<Subscribed>[]): Promise<Subscribed[]> =>
  Promise.all(subscribed);

/** Sharing, on a small schema and sources that the test drives by hand. */
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

let executions: number;
let elsewhere: string;
let broken: boolean;
/** Happens once, in the middle of the next execution. */
let whileMade: (() => void) | undefined;
const ELSEWHERE = defineLoader<number, string>((_context, keys) =>
  Promise.resolve(keys.map(() => elsewhere)),
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
                  if (broken) throw new Error('it is broken');
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
          executions++;
          const change = whileMade;
          whileMade = undefined;
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

let app: App;
let fanOut: FanOut;
let source: Source;
beforeEach(() => {
  executions = 0;
  broken = false;
  source = new Source();
  app = { metrics: new Metrics(), log: createLogger('fatal') } as unknown as App;
  fanOut = new FanOut(app, (result) => result);
});

interface Subscribed {
  reader: Reader;
  payloads: Payload[];
  /** The `news` of each message. */
  heard(): unknown[];
  stop(): void;
  done: Promise<void>;
}

/** Subscribes; the first message is the whole. */
function begin(
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
async function subscribe(...asked: Parameters<typeof begin>): Promise<Subscribed> {
  const subscribed = begin(...asked);
  await until(subscribed.isInStep);
  return subscribed;
}
const all = async (...subscribed: Promise<Subscribed>[]): Promise<Subscribed[]> =>
  Promise.all(subscribed);

describe('subscribers in step', () => {
  it('share one execution and one text', async () => {
    const readers = await all(subscribe(), subscribe(), subscribe());
    executions = 0;
    source.change(4, 2);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(executions).toBe(1);
    expect(new Set(readers.map(({ payloads }) => payloads[1])).size).toBe(1);
    expect(readers[0]?.heard()[1]).toEqual({ whole: 0, nos: '2 4' });
    expect(source.watches.size).toBe(1);
  });

  it('share though they came with different cursors, and not with different questions', async () => {
    const query = (plus: number): string =>
      `subscription ($after: String, $plus: Int) { news(after: $after) { nos(plus: $plus) } } # ${plus}`;
    const ask = query(1);
    const readers = await all(
      subscribe(ask, { after: 'a', plus: 1 }),
      subscribe(ask, { after: 'b', plus: 1 }),
      subscribe(ask, { plus: 1 }),
      subscribe(ask, { plus: 2 }),
      subscribe(query(2), { plus: 1 }),
    );
    executions = 0;
    source.change(5);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(executions).toBe(3);
    expect(readers.map((reader) => reader.heard()[1])).toEqual(
      ['6', '6', '6', '7', '6'].map((nos) => ({ nos })),
    );
  });

  it('do not share where one leaves a variable out, and another says that it is null', async () => {
    const ask = 'subscription ($plus: Int = 3) { news { nos(plus: $plus) } }';
    const readers = await all(subscribe(ask), subscribe(ask, { plus: null }));
    source.change(5);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(readers.map((reader) => reader.heard()[1])).toEqual([{ nos: '8' }, { nos: '5' }]);
  });

  it('share nothing that depends on who asks', async () => {
    const query = 'subscription { news { nos reader } }';
    const readers = await all(
      subscribe(query, {}, { kind: 'guest', id: 'g1' }),
      subscribe(query, {}, { kind: 'user', id: 'u1', platformAdmin: false }),
      subscribe(query),
    );
    for (const no of [1, 2]) {
      source.change(no);
      await until(() => readers.every(({ payloads }) => payloads.length === 1 + no));
      expect(readers.map((reader) => reader.heard()[no])).toEqual(
        ['g1', 'u1', 'anonymous'].map((reader) => ({ nos: String(no), reader })),
      );
    }
  });

  it('lose no change of those that come while others join and go', async () => {
    const readers: Subscribed[] = [];
    const expected: Set<string>[] = [];
    for (let i = 0; i < 40; i++) {
      const coming = subscribe();
      source.change(i);
      readers.push(await coming);
      expected.push(new Set());
      source.change(1_000 + i);
      for (const seen of expected) seen.add(String(1_000 + i));
      if (i % 7 === 6) readers[i - 3]?.stop();
    }
    const told = (reader: Subscribed): Set<string> =>
      new Set(reader.heard().flatMap((news) => (news as { nos: string }).nos.split(' ')));
    const staying = readers.filter((_, i) => i % 7 !== 3 || i > 37);
    await until(() => staying.every((reader) => told(reader).has('1039')));
    readers.forEach((reader, i) => {
      if (!staying.includes(reader)) return;
      for (const no of expected[i]!) expect(told(reader)).toContain(no);
    });
  });

  it.each([
    ['shared', 'subscription { news { nos fragile } }'],
    ['made for each', 'subscription { news { nos reader fragile } }'],
  ])('end with the error where a message cannot be made that is %s', async (_, query) => {
    const readers = await all(subscribe(query), subscribe(query));
    const others = await all(subscribe(), subscribe());
    broken = true;
    const ends = readers.map(({ done }) =>
      expect(done).rejects.toMatchObject({ errors: [{ message: 'it is broken' }] }),
    );
    source.change(1);
    await Promise.all(ends);
    expect(readers.map(({ payloads }) => payloads.length)).toEqual([1, 1]);
    await until(() => others.every(({ payloads }) => payloads.length === 2));
    broken = false;
    const again = await subscribe(query);
    expect(again.heard()).toHaveLength(1);
  });

  it('leave nothing behind when the last has gone', async () => {
    const readers = await all(subscribe(), subscribe());
    readers.forEach((reader) => reader.stop());
    await until(() => source.watches.size === 0);
    const { values } = await app.metrics.subscribers.get();
    expect(values.map(({ value }) => value)).toEqual([0]);
    const [again] = await all(subscribe());
    source.change(1);
    await until(() => again?.payloads.length === 2);
    again?.stop();
  });
});

describe('those who come in the same moment', () => {
  it('share one execution and one text of the first message', async () => {
    const readers = await all(subscribe(), subscribe(), subscribe());
    const late = await subscribe();
    expect(executions).toBe(1);
    expect(new Set([...readers, late].map(({ payloads }) => payloads[0])).size).toBe(1);
    expect(late.heard()).toEqual([{ whole: 1, nos: '' }]);
  });

  it('do not share what was made of another state, or of another question', async () => {
    const ask = 'subscription ($plus: Int) { news { whole nos(plus: $plus) } }';
    await all(subscribe(ask, { plus: 1 }), subscribe(ask, { plus: 2 }), subscribe());
    expect(executions).toBe(3);
    source.revision++;
    await subscribe(ask, { plus: 1 });
    expect(executions).toBe(4);
  });

  it('have each their own where it depends on who asks', async () => {
    const query = 'subscription { news { reader } }';
    const readers = await all(
      subscribe(query, {}, { kind: 'guest', id: 'g1' }),
      subscribe(query, {}, { kind: 'guest', id: 'g2' }),
      subscribe(query),
    );
    expect(readers.map((reader) => reader.heard()[0])).toEqual(
      ['g1', 'g2', 'anonymous'].map((reader) => ({ reader })),
    );
  });

  it('have each their own where more than the state was looked at', async () => {
    const query = 'subscription { news { elsewhere } }';
    elsewhere = 'before';
    await subscribe(query);
    elsewhere = 'after';
    const second = await subscribe(query);
    expect(second.heard()[0]).toEqual({ elsewhere: 'after' });
  });

  it('are told though the one whose execution it is goes meanwhile', async () => {
    const first = begin();
    const second = begin();
    first.stop();
    await until(() => second.payloads.length === 1);
    source.change(3);
    await until(() => second.payloads.length === 2);
    expect(first.payloads).toEqual([]);
    expect(second.heard()[1]).toEqual({ whole: 0, nos: '3' });
    expect(source.watches.size).toBe(1);
  });

  it('miss nothing that changes while their message is made', async () => {
    whileMade = () => source.change(8);
    const readers = [begin(), begin(), begin()];
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    for (const reader of readers)
      expect(reader.heard()).toEqual([
        { whole: 1, nos: '' },
        { whole: 0, nos: '8' },
      ]);
  });
});

describe('one that does not read', () => {
  it('is passed over alone, gets the whole when it reads, and shares again', async () => {
    const [slow, other] = (await all(subscribe(), subscribe())) as [Subscribed, Subscribed];
    slow.reader.stopReading();
    for (const no of [1, 2, 3]) {
      source.change(no);
      await until(() => other.payloads.length === 1 + no);
    }
    expect(slow.payloads).toHaveLength(1);
    expect(other.heard().slice(1)).toEqual(['1', '2', '3'].map((nos) => ({ whole: 0, nos })));

    slow.reader.readAgain();
    await until(() => slow.payloads.length === 2);
    expect(slow.heard()[1]).toEqual({ whole: 1, nos: '' });
    await until(() => source.watches.size === 1);
    source.change(9);
    await until(() => slow.payloads.length === 3 && other.payloads.length === 5);
    expect(slow.payloads[2]).toBe(other.payloads[4]);
  });

  it('costs nothing once it has gone', async () => {
    const [slow, other] = (await all(subscribe(), subscribe())) as [Subscribed, Subscribed];
    slow.reader.stopReading();
    source.change(1);
    await until(() => other.payloads.length === 2);
    expect(source.watches.size).toBe(2);
    slow.stop();
    expect(source.watches.size).toBe(1);
  });
});

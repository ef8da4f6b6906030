/**
 * Subscriptions on their way to clients. Those with the same document and variables, of a source that
 * can be shared, form a group: one reader of the source, one execution and one text for all. Who has
 * just come or fell behind has a reader of its own until it is in step, and then joins; what such are told
 * at the same state is made once for all of them too.
 *
 * A message is shared only where nobody looked at who asks while it was made; where somebody does,
 * the group keeps its common reader, and makes each member's message for it alone.
 */
import {
  execute,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import { setImmediate } from 'node:timers/promises';
import type { App } from '../app.types';
import { newId } from '../infra/ids';
import type { Channel } from './connection';
import { anonymous, RequestContext } from './context';
import { FirstMessages, type MadeForAll } from './first-messages';
import { OperationRefused } from './operation-refused';
import { Payload } from './payload';

/** Members served before other work gets its turn. */
const MEMBERS_AT_ONCE = 500;

/** A source whose news are the same for whoever is in step. */
export interface SharedFeed<T = unknown> extends AsyncIterableIterator<T> {
  /** Feeds with the same key tell the same. */
  readonly shareKey: string;
  /** The field, and those of its arguments that matter to its first message only. */
  readonly field: string;
  readonly startArguments: readonly string[];
  /** What is told of two news is the same where this and the feed's key are, and nothing else is looked at. */
  stateOf(news: T): string;
  /** Another one, which begins with the whole. */
  fork(): SharedFeed<T>;
  /** Ends; `other` tells what was left to tell. False where it cannot, and nothing is done. */
  handOverTo(other: SharedFeed<T>): boolean;
}

export interface SubscriptionArgs extends ExecutionArgs {
  contextValue: RequestContext;
}

/** Makes what a result's errors say fit for clients. */
export type Present = (result: ExecutionResult, correlationId: string) => ExecutionResult;

export class FanOut {
  private readonly groups = new Map<string, Group>();
  private readonly firstMessages = new FirstMessages();

  constructor(
    readonly app: App,
    readonly present: Present,
  ) {}

  /** Made for one alone. What its source would not tell again must not be lost to an error. */
  async render(
    args: ExecutionArgs,
    event: unknown,
    context: RequestContext,
    isToldOnce: boolean,
  ): Promise<Payload> {
    const result = await execute({ ...args, rootValue: event, contextValue: context });
    const presented = this.present(result, context.correlationId);
    if (isToldOnce) refuseIfLost(presented);
    return new Payload(presented);
  }

  /** Made for nobody in particular; undefined where it depends on who asks. */
  async renderForAll(args: ExecutionArgs, event: unknown): Promise<MadeForAll | undefined> {
    const looked = { at: false };
    const nobody = () => {
      looked.at = true;
      return anonymous;
    };
    const context = new RequestContext(this.app, nobody, newId(), '');
    const result = await execute({ ...args, rootValue: event, contextValue: context });
    if (looked.at) return undefined;
    const presented = this.present(result, context.correlationId);
    refuseIfLost(presented);
    return {
      payload: new Payload(presented),
      pure: !context.hasLoaded && result.errors === undefined,
    };
  }

  /** What a reader of its own is told next; undefined where nobody else can be told the same. */
  renderTogether(
    args: SubscriptionArgs,
    feed: SharedFeed,
    event: unknown,
  ): Promise<Payload | undefined> {
    return this.firstMessages.get(
      args.document,
      () => `${groupKey(feed, args)}\n${feed.stateOf(event)}`,
      () => this.renderForAll(args, event),
    );
  }

  /** Begins to send what `source` tells. */
  start(
    args: SubscriptionArgs,
    source: AsyncIterableIterator<unknown>,
    channel: Channel,
    field: string,
  ): Subscriber {
    return new Subscriber(this, args, source, channel, field);
  }

  /** Ends a source nobody listens to any more. */
  letGo(source: AsyncIterableIterator<unknown>): void {
    source.return?.().catch((error: unknown) => {
      this.app.log.error({ err: error }, 'a subscription did not end as it should');
    });
  }

  /** False where the feed has more to tell first than marks. */
  join(subscriber: Subscriber, feed: SharedFeed): boolean {
    const key = groupKey(feed, subscriber.args);
    const group = this.groups.get(key);
    if (group === undefined) {
      const opened: Group = new Group(this, subscriber.args, feed, () => {
        if (this.groups.get(key) === opened) this.groups.delete(key);
      });
      this.groups.set(key, opened);
      opened.admit(subscriber);
      return true;
    }
    if (!feed.handOverTo(group.feed)) return false;
    group.admit(subscriber);
    return true;
  }
}

/** One subscription of one client, from its first message to its end. */
export class Subscriber {
  /** Messages of its group that began before it joined are older than what it has. */
  joinedAt = 0;
  group: Group | undefined;
  /** Resolves when the source has ended, or nobody wants more of it; rejects when it has failed. */
  readonly done: Promise<void>;
  private feed: AsyncIterableIterator<unknown> | undefined;
  private ended = false;
  private resolve!: () => void;
  private reject!: (error: unknown) => void;

  constructor(
    private readonly fanOut: FanOut,
    readonly args: SubscriptionArgs,
    source: AsyncIterableIterator<unknown>,
    private readonly channel: Channel,
    private readonly field: string,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    fanOut.app.metrics.subscribers.inc({ field });
    this.serve(source);
  }

  /** The client wants no more, or has gone. */
  stop(): void {
    if (this.end()) this.resolve();
  }

  fail(error: unknown): void {
    if (this.end()) this.reject(error);
  }

  /** Sends what all of its group get; who has no room for it leaves the group until it has. */
  tell(payload: Payload): void {
    if (this.channel.offer(payload)) return;
    // Whose connection is closing is about to be stopped.
    if (this.group === undefined || !this.channel.connection.isOpen) return;
    const { feed } = this.group;
    const whole = feed.fork();
    this.group.dismiss(this);
    this.serve(whole, this.channel.connection.drained());
  }

  /** As tell, with a message made for this one alone. */
  async tellOwn(event: unknown): Promise<void> {
    try {
      const payload = await this.renderOwn(event, true);
      if (!this.ended) this.tell(payload);
    } catch (error) {
      this.fail(error);
    }
  }

  private serve(feed: AsyncIterableIterator<unknown>, ready?: Promise<void>): void {
    this.feed = feed;
    this.follow(feed, ready).catch((error: unknown) => this.fail(error));
  }

  /** On its own, until it is in step with a group. */
  private async follow(feed: AsyncIterableIterator<unknown>, ready?: Promise<void>): Promise<void> {
    await ready;
    while (!this.hasEnded() && this.channel.connection.isOpen) {
      const news = await feed.next();
      if (news.done) {
        this.stop();
        return;
      }
      if (isShared(feed)) {
        const payload =
          (await this.fanOut.renderTogether(this.args, feed, news.value)) ??
          (await this.renderOwn(news.value, true));
        if (this.hasEnded()) return;
        if (!this.channel.offer(payload)) {
          this.startOver(feed);
          return;
        }
        if (this.fanOut.join(this, feed)) {
          this.feed = undefined;
          return;
        }
      } else {
        const { connection } = this.channel;
        const payload = await this.renderOwn(news.value, false);
        while (!this.hasEnded() && !this.channel.offer(payload) && connection.isOpen)
          await connection.drained();
      }
    }
  }

  /** What could not be sent is told by a whole map, once the client has read what it has. */
  private startOver(feed: SharedFeed): void {
    const whole = feed.fork();
    this.fanOut.letGo(feed);
    this.serve(whole, this.channel.connection.drained());
  }

  private renderOwn(event: unknown, isToldOnce: boolean): Promise<Payload> {
    return this.fanOut.render(this.args, event, this.args.contextValue.fresh(), isToldOnce);
  }

  /** A method, since it may have become so while something was awaited. */
  private hasEnded(): boolean {
    return this.ended;
  }

  private end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.fanOut.app.metrics.subscribers.dec({ field: this.field });
    if (this.feed !== undefined) this.fanOut.letGo(this.feed);
    this.feed = undefined;
    this.group?.dismiss(this);
    return true;
  }
}

/** All who are in step with each other. */
class Group {
  private readonly members = new Set<Subscriber>();
  /** How many messages have begun. */
  private begun = 0;
  private shares = true;

  constructor(
    private readonly fanOut: FanOut,
    private readonly args: SubscriptionArgs,
    readonly feed: SharedFeed,
    private readonly onEnd: () => void,
  ) {
    this.follow().then(
      () => this.endAll((member) => member.stop()),
      (error: unknown) => this.endAll((member) => member.fail(error)),
    );
  }

  admit(subscriber: Subscriber): void {
    subscriber.group = this;
    subscriber.joinedAt = this.begun;
    this.members.add(subscriber);
  }

  dismiss(subscriber: Subscriber): void {
    subscriber.group = undefined;
    this.members.delete(subscriber);
    if (this.members.size > 0) return;
    this.onEnd();
    this.fanOut.letGo(this.feed);
  }

  private async follow(): Promise<void> {
    for (;;) {
      const news = await this.feed.next();
      if (news.done) return;
      const turn = this.begun++;
      const payload = this.shares ? await this.renderShared(news.value) : undefined;
      let served = 0;
      for (const member of this.members) {
        if (member.joinedAt > turn) continue;
        if (payload === undefined) await member.tellOwn(news.value);
        else member.tell(payload);
        if (++served % MEMBERS_AT_ONCE === 0) await setImmediate();
      }
    }
  }

  /** Undefined where the message depends on who asks. */
  private async renderShared(event: unknown): Promise<Payload | undefined> {
    const made = await this.fanOut.renderForAll(this.args, event);
    if (made === undefined) this.shares = false;
    return made?.payload;
  }

  private endAll(how: (member: Subscriber) => void): void {
    this.onEnd();
    for (const member of [...this.members]) how(member);
  }
}

/**
 * A message with nothing but errors in it would leave out what nobody tells again: the subscription ends
 * with them instead, and its client comes back with the last cursor it got.
 */
function refuseIfLost({ data, errors }: ExecutionResult): void {
  if (data == null && errors !== undefined) throw new OperationRefused(errors);
}

function isShared(feed: AsyncIterableIterator<unknown>): feed is SharedFeed {
  return 'shareKey' in feed;
}

/** What makes two subscriptions of one feed the same: all but who asks, and from where on. */
function groupKey(feed: SharedFeed, args: SubscriptionArgs): string {
  const variables = args.variableValues ?? {};
  const matter = variablesThatMatter(args.document, feed);
  return [
    feed.shareKey,
    args.operationName ?? '',
    // A variable that is not given has its default, and one that is null has not.
    JSON.stringify(matter.map((name) => (Object.hasOwn(variables, name) ? [variables[name]] : []))),
    args.document.loc?.source.body ?? '',
  ].join('\n');
}

const knownVariables = new WeakMap<DocumentNode, string[]>();

/** Names of the variables that a later message can depend on. */
function variablesThatMatter(document: DocumentNode, feed: SharedFeed): string[] {
  const known = knownVariables.get(document);
  if (known !== undefined) return known;
  const names = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Field: (node) =>
      node.name.value !== feed.field
        ? undefined
        : {
            ...node,
            arguments: node.arguments?.filter(
              (argument) => !feed.startArguments.includes(argument.name.value),
            ),
          },
    Variable: (node) => void names.add(node.name.value),
  });
  const found = [...names].sort();
  knownVariables.set(document, found);
  return found;
}

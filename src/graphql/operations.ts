/**
 * Operations that come over a connection, whatever carries it: the same schema, limits and errors as
 * over HTTP. Apollo's plugins do not reach here, so they are applied by hand.
 */
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import { newId } from '../infra/ids';
import { withCorrelation } from '../infra/logger';
import type { Admission } from './admission';
import type { Channel } from './connection';
import { anonymous, RequestContext } from './context';
import { Documents } from './documents';
import { presentError, variableProblems } from './errors';
import { FanOut, type Subscriber, type SubscriptionArgs } from './fan-out';
import type { Authenticate } from './http';
import { assertWithinLimits } from './limits';
import { OperationRefused } from './operation-refused';
import { Payload } from './payload';
import { Turns } from './turns';

/** Subscriptions that are sent their first message in one turn of the event loop. */
const BEGINNINGS_A_TURN = 32;
/** How often it is asked whether staff still have the right that a subscription of theirs rests on. */
const RIGHT_MS = 10_000;

export interface OperationRequest {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** Whom a connection speaks for, and from where. */
export interface Caller {
  authorization: string | undefined;
  remoteAddress: string;
}

export interface OperationArgs extends SubscriptionArgs {
  operation: OperationDefinitionNode;
  identity: Identity;
}

/** An operation's caller, and whether anybody has asked who it is. */
class Identity {
  onUse: (() => void) | undefined;
  used = false;

  constructor(
    private readonly authorization: string | undefined,
    private readonly authenticate: Authenticate,
  ) {}

  /** Throws UNAUTHENTICATED for a token that is not good any more. */
  check(): void {
    this.authenticate(this.authorization);
  }

  readonly viewer = (): ReturnType<Authenticate> => {
    if (this.authorization === undefined) return anonymous;
    if (!this.used) {
      this.used = true;
      this.onUse?.();
    }
    return this.authenticate(this.authorization);
  };
}

/** An operation under way. */
export class Running {
  private stopped = false;
  onStop: ((error?: OperationRefused) => void) | undefined;

  /** Whom it is done for; undefined until that is known. */
  identity: Identity | undefined;

  /** Whether the caller still has the right that this was begun by; undefined where it needed none. */
  hasRight: (() => Promise<boolean>) | undefined;
  rightAskedMs = 0;

  /** A method, since it may have become so while something was awaited. */
  isStopped(): boolean {
    return this.stopped;
  }

  /** The client wants no more of it, or has gone; with an error, it is refused any more. */
  stop(error?: OperationRefused): void {
    if (this.stopped) return;
    this.stopped = true;
    this.onStop?.(error);
  }
}

export class Operations {
  private readonly documents: Documents;
  private readonly fanOut: FanOut;
  private readonly beginnings = new Turns(BEGINNINGS_A_TURN);
  /** Subscriptions that somebody looked at the token of. */
  private readonly identified = new Map<Running, Channel>();

  constructor(
    private readonly app: App,
    private readonly schema: GraphQLSchema,
    private readonly authenticate: Authenticate,
    private readonly admission: Admission,
  ) {
    this.documents = new Documents(schema);
    this.fanOut = new FanOut(app, (result, correlationId) => this.present(result, correlationId));
  }

  /** Throws UNAUTHENTICATED for a token that is no good. */
  checkToken(authorization: string | undefined): void {
    this.authenticate(authorization);
  }

  /** Throws OperationRefused for what cannot be begun. */
  prepare(request: OperationRequest, caller: Caller): OperationArgs {
    const correlationId = newId();
    try {
      const { document, errors } = this.documents.check(request.query);
      if (errors.length > 0)
        throw new OperationRefused(errors.map((error) => this.presentOne(error, correlationId)));
      const operationName = request.operationName || undefined;
      const operation = getOperationAST(document, operationName);
      if (!operation)
        throw new DomainError('BAD_USER_INPUT', 'The document has no such operation.');
      const variables = request.variables ?? {};
      assertWithinLimits(this.schema, document, operation, variables);
      const fields = variableProblems(this.schema, document, operationName, variables);
      if (fields.length > 0) {
        const summary = fields.map((each) => `${each.path}: ${each.message}`).join('; ');
        throw new DomainError('BAD_USER_INPUT', summary, { fields });
      }
      const identity = new Identity(caller.authorization, this.authenticate);
      return {
        schema: this.schema,
        document,
        operation,
        operationName,
        variableValues: variables,
        contextValue: new RequestContext(
          this.app,
          identity.viewer,
          correlationId,
          caller.remoteAddress,
        ),
        identity,
      };
    } catch (error) {
      throw this.refusalOf(error, correlationId);
    }
  }

  /** What a client is told of an error; what nobody foresaw is logged. */
  refusalOf(error: unknown, correlationId = newId()): OperationRefused {
    if (error instanceof OperationRefused) return error;
    return new OperationRefused([this.presentOne(error, correlationId)]);
  }

  /**
   * Runs an operation and sends what comes of it. Resolves when there is no more to come; throws
   * OperationRefused where nothing could begin, or where it may not go on.
   */
  async run(args: OperationArgs, running: Running, channel: Channel): Promise<void> {
    try {
      if (args.operation.operation === OperationTypeNode.SUBSCRIPTION) {
        const subscriber = await this.follow(args, running, channel);
        await subscriber?.done;
      } else await channel.connection.inTurn(() => this.answer(args, running, channel));
    } catch (error) {
      throw this.refusalOf(error, args.contextValue.correlationId);
    } finally {
      this.identified.delete(running);
    }
  }

  /**
   * Ends the subscriptions whose token has run out, or who lost the right to them; those nobody asked a
   * token of go on.
   */
  endExpired(): void {
    const nowMs = this.app.clock.monotonicMs();
    for (const [running, channel] of this.identified) {
      try {
        running.identity?.check();
      } catch (error) {
        channel.connection.expire(running, this.refusalOf(error));
        continue;
      }
      if (running.hasRight === undefined || nowMs - running.rightAskedMs < RIGHT_MS) continue;
      running.rightAskedMs = nowMs;
      void this.endWithoutRight(running, running.hasRight);
    }
  }

  private async endWithoutRight(running: Running, hasRight: () => Promise<boolean>): Promise<void> {
    // Where nobody can tell, as while the database is away, the next time will do.
    if (await hasRight().catch(() => true)) return;
    const message = 'Your role in this organization does not allow this any more.';
    running.stop(this.refusalOf(new DomainError('FORBIDDEN', message)));
  }

  private async answer(args: OperationArgs, running: Running, channel: Channel): Promise<void> {
    if (running.isStopped()) return;
    if (!this.admission.enter()) {
      throw new DomainError('RATE_LIMITED', 'Very many are asking at this moment.', {
        retryAfterSeconds: 1,
      });
    }
    let result: ExecutionResult;
    try {
      const { correlationId } = args.contextValue;
      result = await withCorrelation({ correlationId }, () => execute(args));
    } finally {
      this.admission.leave();
    }
    const payload = new Payload(this.present(result, args.contextValue.correlationId));
    const { connection } = channel;
    while (!running.isStopped() && !channel.offer(payload) && connection.isOpen)
      await connection.drained();
  }

  /** Returns, so that nothing of the beginning is kept for as long as the subscription lasts. */
  private async follow(
    args: OperationArgs,
    running: Running,
    channel: Channel,
  ): Promise<Subscriber | undefined> {
    const { identity } = args;
    identity.onUse = () => {
      if (!running.isStopped()) this.identified.set(running, channel);
    };
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) {
      const { errors = [] } = this.present(source, args.contextValue.correlationId);
      throw new OperationRefused(errors);
    }
    // All who waited for the same reading of the log come here at once.
    await this.beginnings.next();
    const events = source[Symbol.asyncIterator]() as AsyncIterableIterator<unknown>;
    if (running.isStopped()) {
      this.fanOut.letGo(events);
      return undefined;
    }
    const { right } = args.contextValue;
    args.contextValue = args.contextValue.fresh();
    if (right !== undefined) {
      running.rightAskedMs = this.app.clock.monotonicMs();
      running.hasRight = () => right(args.contextValue.fresh());
    }
    const subscriber = this.fanOut.start(args, events, channel, rootFieldOf(args.operation));
    running.onStop = (error) => {
      if (error === undefined) subscriber.stop();
      else subscriber.fail(error);
    };
    return subscriber;
  }

  private present(result: ExecutionResult, correlationId: string): ExecutionResult {
    if (result.errors === undefined) return result;
    const errors = result.errors.map((error) => this.presentOne(error, correlationId));
    return { ...result, errors: errors as unknown as GraphQLError[] };
  }

  private presentOne(error: unknown, correlationId: string): GraphQLFormattedError {
    const wrapped =
      error instanceof GraphQLError
        ? error
        : new GraphQLError('', { originalError: error as Error });
    return presentError(wrapped.toJSON(), wrapped, this.app.log, correlationId);
  }
}

/** A subscription has one field at its root, which validation sees to; it may stand in a fragment. */
function rootFieldOf({ selectionSet }: OperationDefinitionNode): string {
  const [first] = selectionSet.selections;
  if (first?.kind === Kind.FIELD) return first.name.value;
  return 'subscription';
}

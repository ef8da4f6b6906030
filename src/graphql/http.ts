/** GraphQL over HTTP: Apollo Server behind Fastify. */
import {
  ApolloServer,
  type ApolloServerPlugin,
  type GraphQLRequest,
  type GraphQLRequestListener,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { GraphQLError, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import { newId } from '../infra/ids';
import { currentCorrelationId, withCorrelation } from '../infra/logger';
import { RequestContext, type Viewer } from './context';
import { ValidationGauge } from './documents';
import { presentError, variableProblems } from './errors';
import { KeptAnswers } from './kept-answers';
import { assertWithinLimits, TOKENS_MAX } from './limits';

/** Turns an Authorization header into a viewer; throws UNAUTHENTICATED for a bad token. */
export type Authenticate = (authorization: string | undefined) => Viewer;

export interface GraphQLOverHttp {
  /** POST /graphql: what programs use. */
  registerPost(server: FastifyInstance): void;
  /** GET /graphql: queries by URL, and GraphiQL for browsers; among the pages, for their headers. */
  registerGet(pages: FastifyInstance, graphiqlPage: string): void;
  /** Refuses new operations and waits for those under way. */
  stop(): Promise<void>;
}

export async function createGraphQLOverHttp(
  app: App,
  schema: GraphQLSchema,
  authenticate: Authenticate,
): Promise<GraphQLOverHttp> {
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: TOKENS_MAX },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It wraps the resolver of every field, to say what `answer` says below at no cost.
      ApolloServerPluginCacheControlDisabled(),
      requestsPlugin(schema),
    ],
    formatError: (formatted, error) =>
      presentError(formatted, error, app.log, currentCorrelationId() ?? newId()),
    logger: {
      debug: (message: unknown) => app.log.debug(message),
      info: (message: unknown) => app.log.debug(message),
      warn: (message: unknown) => app.log.warn(message),
      error: (message: unknown) => app.log.error(message),
    },
  });
  await apollo.start();

  const toApollo = fastifyApolloHandler(apollo, {
    context: (request: FastifyRequest) => {
      const { authorization } = request.headers;
      return Promise.resolve(
        new RequestContext(app, () => authenticate(authorization), request.id, request.ip),
      );
    },
  });
  const kept = new KeptAnswers(app, schema);
  const gauge = new ValidationGauge();
  const answer: RouteHandlerMethod = function (request, reply) {
    const asked = kept.read(request);
    const askApollo = (): unknown => {
      reply.header('cache-control', 'no-store');
      if (!hasHost(request)) {
        const { message, extensions } = NO_HOST;
        return reply.code(400).send({ errors: [{ message, extensions }] });
      }
      // Apollo has no place for a refusal between parsing and validation.
      const refusal = gauge.refusalOf(textOf(request));
      if (refusal !== undefined) {
        const { message, extensions } = refusal;
        return reply.code(400).send({ errors: [{ message, extensions }] });
      }
      return withCorrelation({ correlationId: request.id }, () =>
        toApollo.call(this, request, reply),
      );
    };
    if (asked === undefined) return askApollo();
    if (kept.answerNow(request, reply, asked)) return reply;
    return kept.answer(request, reply, asked).then((answered) => (answered ? reply : askApollo()));
  };
  return {
    registerPost: (server) => {
      // What is kept is sent before a page's security headers are worked out, which it does not need.
      server.addHook('onRequest', (request, reply, next) => {
        const isQuery = request.method === 'GET' && request.routeOptions.url === '/graphql';
        const asked = isQuery ? kept.read(request) : undefined;
        if (asked === undefined || !kept.answerNow(request, reply, asked)) next();
      });
      server.post('/graphql', answer);
    },
    registerGet: (pages, graphiqlPage) =>
      void pages.get('/graphql', function (request, reply) {
        if (!wantsPage(request)) return answer.call(this, request, reply);
        return reply
          .header('cache-control', 'no-cache')
          .type('text/html; charset=utf-8')
          .send(graphiqlPage);
      }),
    stop: () => apollo.stop(),
  };
}

const NO_HOST = new DomainError('BAD_USER_INPUT', 'The Host header names no host.');

/** What stands between Fastify and Apollo makes a URL of it, and fails where that is none. */
function hasHost(request: FastifyRequest): boolean {
  request.raw.headers.host ||= 'localhost'; // HTTP/1.0 needs to name none
  return URL.canParse(request.url, `${request.protocol}://${request.hostname}/`);
}

/** The operation's text, where there is one; whatever else it is, Apollo refuses. */
function textOf(request: FastifyRequest): string | undefined {
  const given = (request.method === 'POST' ? request.body : request.query) as
    { query?: unknown } | null | undefined;
  return typeof given?.query === 'string' ? given.query : undefined;
}

/** A browser's navigation names HTML before anything else; a client of the API never does. */
function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.startsWith('application/json');
}

/** One plugin, since each is asked at every step of every request. */
function requestsPlugin(schema: GraphQLSchema): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    didResolveOperation: ({ document, operation, request }) => {
      if (operation === undefined) return Promise.resolve();
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
        const message = 'Subscriptions are served over WebSocket, at this path.';
        throw refusedRequest(new DomainError('BAD_USER_INPUT', message));
      }
      try {
        assertWithinLimits(schema, document, operation, request.variables ?? {});
      } catch (error) {
        throw error instanceof DomainError ? refusedRequest(error) : error;
      }
      return Promise.resolve();
    },
    didEncounterErrors: ({ document, errors, request }) => {
      if (document !== undefined) nameWrongVariables(schema, document, errors, request);
      return Promise.resolve();
    },
  };
  return {
    requestDidStart: ({ request }) => {
      if (request.operationName === '') delete request.operationName; // in a URL the same as none
      return Promise.resolve(listener);
    },
  };
}

/** What a plugin throws is the server's fault to Apollo, and answered with status 500. */
function refusedRequest(error: DomainError): GraphQLError {
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { ...error.extensions, http: { status: 400 } },
  });
}

/** Says in `extensions.fields` which variables are wrong, where graphql-js says so only in prose. */
function nameWrongVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  errors: readonly GraphQLError[],
  { operationName, variables }: GraphQLRequest,
): void {
  const error = errors.find((each) => each.extensions['code'] === 'BAD_USER_INPUT' && !each.path);
  if (error === undefined || error.originalError instanceof DomainError) return;
  const fields = variableProblems(schema, document, operationName, variables ?? {});
  Object.assign(error.extensions, { fields });
}

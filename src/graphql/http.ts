/** GraphQL over HTTP: Apollo Server behind one Fastify route. */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { App } from '../app.types';
import { DomainError } from '../errors';
import { newId } from '../infra/ids';
import { currentCorrelationId, withCorrelation } from '../infra/logger';
import { RequestContext, type Viewer } from './context';
import { presentError, variableProblems } from './errors';
import { assertWithinLimits, TOKENS_MAX } from './limits';

/** Turns an Authorization header into a viewer; throws UNAUTHENTICATED for a bad token. */
export type Authenticate = (authorization: string | undefined) => Viewer;

export async function registerGraphQL(
  server: FastifyInstance,
  app: App,
  schema: GraphQLSchema,
  options: { authenticate: Authenticate; graphiqlPage: string },
): Promise<ApolloServer<RequestContext>> {
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: TOKENS_MAX },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      limitsPlugin(schema),
      wrongVariablesPlugin(schema),
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

  const answer = fastifyApolloHandler(apollo, {
    context: (request: FastifyRequest) => {
      const { authorization } = request.headers;
      return Promise.resolve(
        new RequestContext(app, () => options.authenticate(authorization), request.id, request.ip),
      );
    },
  });
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      if (request.method === 'GET' && wantsPage(request)) {
        return reply
          .header('cache-control', 'no-cache')
          .type('text/html; charset=utf-8')
          .send(options.graphiqlPage);
      }
      return withCorrelation({ correlationId: request.id }, () =>
        answer.call(server, request, reply),
      );
    },
  });
  return apollo;
}

/** A browser's navigation names HTML before anything else; a client of the API never does. */
function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.startsWith('application/json');
}

function limitsPlugin(schema: GraphQLSchema): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation: ({ document, operation, request }) => {
          if (operation !== undefined)
            assertWithinLimits(schema, document, operation, request.variables ?? {});
          return Promise.resolve();
        },
      }),
  };
}

/** Says in `extensions.fields` which variables are wrong, where graphql-js says so only in prose. */
function wrongVariablesPlugin(schema: GraphQLSchema): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didEncounterErrors: ({ document, errors, request }) => {
          const error = errors.find(
            (each) => each.extensions['code'] === 'BAD_USER_INPUT' && !each.path,
          );
          if (error !== undefined && document !== undefined && !(error.originalError instanceof DomainError)) {
            const fields = variableProblems(
              schema,
              document,
              request.operationName,
              request.variables ?? {},
            );
            Object.assign(error.extensions, { fields });
          }
          return Promise.resolve();
        },
      }),
  };
}

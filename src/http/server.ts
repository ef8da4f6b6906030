import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { App } from '../app.types';
import { ConfigError, type Config } from '../config';
import { DomainError } from '../errors';
import type { Admission } from '../graphql/admission';
import type { Viewer } from '../graphql/context';
import { proxiesAt } from '../infra/client-address';
import { BODY_BYTES_MAX, boundBodies } from './bodies';
import { correlationIdOf } from './correlation';
import { createGatedServer } from './gate';
import { methodsByPath } from './methods';

const BAD_REQUEST = { code: 'BAD_USER_INPUT' };

/** Fastify with what every route has: correlation ids, CORS, security headers, logs and metrics. */
export async function createHttpServer(
  app: App,
  admission: Admission,
  who: (authorization: string | undefined) => Viewer,
): Promise<FastifyInstance> {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: proxiesAt(app.config.trustedProxies),
    // The code of a ticket is longer than Fastify lets a part of an address be.
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    serverFactory: (handler) => createGatedServer(app, admission, handler),
    // A URL that cannot be decoded, or is too long, reaches no hook and no handler of ours.
    frameworkErrors: (error, _request, reply) => {
      const errors = [{ message: error.message, extensions: { code: 'BAD_USER_INPUT' } }];
      void (reply as FastifyReply).code(error.statusCode ?? 400).send({ errors });
    },
    genReqId: correlationIdOf,
  });
  const methodsAt = methodsByPath(server);
  // Hooks that call back: an async one costs each request a few turns of the promise queue.
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    // What an API's answers need of security headers; pages need more (see protectPages).
    reply.header('x-content-type-options', 'nosniff');
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    app.metrics.requests.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
    app.log.info(
      {
        correlationId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
    done();
  });
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) app.log.error({ err: error, correlationId: request.id }, 'a request failed');
    const [message, extensions] =
      status < 500
        ? [error.message, error instanceof DomainError ? error.extensions : BAD_REQUEST]
        : ['Something went wrong on our side.', { code: 'INTERNAL', correlationId: request.id }];
    return reply.code(status).send({ errors: [{ message, extensions }] });
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = methodsAt(path);
    // A route that takes the method may have found nothing behind it.
    if (methods.length === 0 || methods.includes(request.method)) {
      const message = `There is nothing at ${request.method} ${path}`.slice(0, 200);
      return reply.code(404).send({ errors: [{ message }] });
    }
    const allowed = methods.join(', ');
    const message = `This takes ${allowed}, and not ${request.method}.`;
    return reply
      .code(405)
      .header('allow', allowed)
      .send({ errors: [{ message, extensions: BAD_REQUEST }] });
  });
  boundBodies(server, who);
  await server.register(cors, {
    origin: [...app.config.corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
    exposedHeaders: ['x-request-id'],
    maxAge: 600,
  });
  return server;
}

/** The security headers of whatever a browser shows: for the routes of this context only. */
export async function protectPages(pages: FastifyInstance): Promise<void> {
  await pages.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'worker-src': ["'self'", 'blob:'],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'", 'data:'],
        'connect-src': ["'self'", 'ws:', 'wss:'],
        'frame-ancestors': ["'self'"],
        'base-uri': ["'self'"],
        'form-action': ["'self'"],
      },
    },
    // Whether there is TLS in front is the operator's to say.
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  });
}

/** What an operator has to change for the server to get its address, where it is that which failed. */
export function whyNotListening(
  error: unknown,
  { host, port }: Pick<Config, 'host' | 'port'>,
): ConfigError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const because = (change: string): ConfigError =>
    new ConfigError(`Usher cannot listen on ${host}:${port}: ${change}`);
  if (code === 'EADDRINUSE')
    return because('something else does. Start this one with another PORT.');
  if (code === 'EACCES') return because('this user may not. Start it with another PORT.');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return because('HOST must be an address of this machine.');
  return undefined;
}

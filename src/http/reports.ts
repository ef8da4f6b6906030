/** Reports as files, for spreadsheets: GET /reports/sales.csv?eventId=…&from=…&to=… */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { DomainError, type ErrorCode } from '../errors';
import type { Viewer } from '../graphql/context';
import { RequestContext } from '../graphql/context';
import type { App } from '../app.types';

export interface SalesCsvQuery {
  eventId: string | undefined;
  organizationId: string | undefined;
  from: Date | undefined;
  to: Date | undefined;
}

export interface ReportsOptions {
  who: (authorization: string | undefined) => Viewer;
  salesCsv: (ctx: RequestContext, query: SalesCsvQuery) => Promise<string>;
}

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
};
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

export function registerReports(
  server: FastifyInstance,
  app: App,
  { who, salesCsv }: ReportsOptions,
): void {
  server.get<{ Querystring: Record<string, unknown> }>(
    '/reports/sales.csv',
    async (request, reply) => {
      const { authorization } = request.headers;
      const ctx = new RequestContext(app, () => who(authorization), request.id, request.ip);
      void reply.header('cache-control', 'no-store');
      try {
        const csv = await salesCsv(ctx, readQuery(request.query));
        return await reply
          .type('text/csv; charset=utf-8; header=present')
          .header('content-disposition', 'attachment; filename="sales.csv"')
          .send(csv);
      } catch (error) {
        return refuse(reply, error);
      }
    },
  );
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const status = error instanceof DomainError ? STATUS_OF[error.code] : undefined;
  if (!(error instanceof DomainError) || status === undefined) throw error;
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  const { message, extensions } = error;
  return reply.code(status).send({ errors: [{ message, extensions }] });
}

function readQuery(query: Record<string, unknown>): SalesCsvQuery {
  return {
    eventId: textOf(query, 'eventId'),
    organizationId: textOf(query, 'organizationId'),
    from: instantOf(query, 'from'),
    to: instantOf(query, 'to'),
  };
}

function textOf(query: Record<string, unknown>, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || (typeof value === 'string' && value.length <= 100)) return value;
  throw wrong(name, 'must be given once, with up to 100 characters');
}

function instantOf(query: Record<string, unknown>, name: string): Date | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  const instant = new Date(text);
  if (INSTANT.test(text) && !Number.isNaN(instant.getTime())) return instant;
  throw wrong(name, 'must be an instant, such as 2027-03-01T00:00:00Z');
}

function wrong(path: string, message: string): DomainError {
  return new DomainError('BAD_USER_INPUT', `${path}: ${message}`, { fields: [{ path, message }] });
}

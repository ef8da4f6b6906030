/** Seating plans' geometry for seat-map widgets, on whatever site they are: GET /plans/<id>.json */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Plans kept in memory as they come from the database: an arena's takes some 200 kB. */
const PLANS_KEPT_MAX = 32;
const SUFFIX = '.json';

const decompress = promisify(gunzip);

interface StoredPlan {
  gzipped: Buffer;
  /** Of the content; each encoding of it is a representation with an ETag of its own. */
  digest: string;
}

export interface PlansOptions {
  /** The gzipped geometry by the plan's public id; undefined for unknown and malformed ids. */
  geometryOf: (publicPlanId: string) => Promise<Buffer | undefined>;
  plansKeptMax?: number;
}

/** Plans are immutable, so what is in memory or in a browser's cache is never stale. */
export function registerPlans(server: FastifyInstance, options: PlansOptions): void {
  const { geometryOf, plansKeptMax = PLANS_KEPT_MAX } = options;
  const kept = new Map<string, StoredPlan>();

  async function find(id: string): Promise<StoredPlan | undefined> {
    let plan = kept.get(id);
    if (plan === undefined) {
      const gzipped = await geometryOf(id);
      if (gzipped === undefined) return undefined;
      plan = { gzipped, digest: createHash('sha256').update(gzipped).digest('base64url') };
    }
    // Set anew: a Map keeps its keys in the order of use, and the first is the one to drop.
    kept.delete(id);
    kept.set(id, plan);
    if (kept.size > plansKeptMax)
      for (const oldest of [...kept.keys()].slice(0, 1)) kept.delete(oldest);
    return plan;
  }

  server.get<{ Params: { file: string } }>('/plans/:file', async (request, reply) => {
    const { file } = request.params;
    // Also on a 404, or the page that asks could not read why.
    void reply.header('access-control-allow-origin', '*');
    void reply.header('cross-origin-resource-policy', 'cross-origin');
    const plan = file.endsWith(SUFFIX) ? await find(file.slice(0, -SUFFIX.length)) : undefined;
    if (plan === undefined) {
      return reply
        .code(404)
        .header('cache-control', 'no-store')
        .send({ error: 'There is no such seating plan.' });
    }
    return sendPlan(request, reply, plan);
  });
}

async function sendPlan(
  request: FastifyRequest,
  reply: FastifyReply,
  { gzipped, digest }: StoredPlan,
): Promise<FastifyReply> {
  const asGzip = acceptsGzip(request.headers['accept-encoding']);
  const etag = asGzip ? `"${digest}.gzip"` : `"${digest}"`;
  void reply
    .header('cache-control', 'public, max-age=31536000, immutable')
    .header('vary', 'Accept-Encoding')
    .header('etag', etag);
  if (isNamedIn(request.headers['if-none-match'], etag)) return reply.code(304).send();
  void reply.type('application/json; charset=utf-8');
  if (asGzip) return reply.header('content-encoding', 'gzip').send(gzipped);
  return reply.send(await decompress(gzipped));
}

/** RFC 9110, 12.5.3: `gzip` by name, else by `*`; a weight of 0 is a no. Without the header: plain. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const weights = new Map<string, number>();
  for (const part of String(header ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)) || 0);
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

/** RFC 9110, 13.1.2: compared weakly. */
function isNamedIn(header: string | undefined, etag: string): boolean {
  return (header ?? '')
    .split(',')
    .map((text) => text.trim().replace(/^W\//, ''))
    .some((text) => text === etag || text === '*');
}

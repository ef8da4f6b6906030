/** The seat-map element for other people's pages: GET /widget.js */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Its address never changes and its content does: so long may a browser go on with the one it has. */
const CACHE_SECONDS = 300;

/** Read and compressed once, at the start. Where it has not been built there is no such route. */
export function registerWidget(server: FastifyInstance, webRoot: string): void {
  const file = join(webRoot, 'widget', 'widget.js');
  if (!existsSync(file)) return;
  const plain = readFileSync(file);
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  const bodies = {
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    gzip: gzipSync(plain, { level: 9 }),
    identity: plain,
  };
  server.get('/widget.js', (request, reply) => {
    const accepted = request.headers['accept-encoding'] ?? '';
    const encoding = /\bbr\b/.test(accepted)
      ? 'br'
      : /\bgzip\b/.test(accepted)
        ? 'gzip'
        : 'identity';
    const etag = `"${digest}.${encoding}"`;
    void reply
      .header('access-control-allow-origin', '*')
      .header('cross-origin-resource-policy', 'cross-origin')
      .header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      .header('vary', 'Accept-Encoding')
      .header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    if (encoding !== 'identity') void reply.header('content-encoding', encoding);
    return reply.type('text/javascript; charset=utf-8').send(bodies[encoding]);
  });
}

/** The pages in the browser: the box office at `/`, GraphiQL for the GraphQL route, and their assets. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

const NOT_BUILT = 'The web pages have not been built yet: run "npm run build", then start again.';

/**
 * Serves `/` and `/assets/*` from `webRoot`, the folder that the web build writes. Assets carry a hash of
 * their content in their name, so browsers may keep them for ever; the HTML that names them must be asked
 * for each time, or a page would call for assets of the release before. Where the pages have not been
 * built `/` answers 503 and says so, and the API works all the same.
 */
export async function registerPages(
  server: FastifyInstance,
  options: { webRoot: string },
): Promise<void> {
  const { webRoot } = options;
  if (!isBuilt(webRoot)) {
    server.get('/', (_request, reply) => reply.code(503).type('text/plain').send(`${NOT_BUILT}\n`));
    return;
  }
  await server.register(fastifyStatic, {
    root: join(webRoot, 'assets'),
    prefix: '/assets/',
    index: false,
    // The build leaves .br and .gz files beside the assets; compressing in each request would cost more.
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
    setHeaders: (response) => void response.setHeader('Vary', 'Accept-Encoding'),
  });
  const boxOffice = readFileSync(join(webRoot, 'index.html'), 'utf8');
  server.get('/', (_request, reply) => sendPage(reply, boxOffice));
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(html);
}

/**
 * GraphiQL's HTML, read from the disk at each call: read it once, when the route is made. Where the
 * pages have not been built it is a page that says so.
 */
export function graphiqlPage(webRoot: string): string {
  if (isBuilt(webRoot)) return readFileSync(join(webRoot, 'graphiql.html'), 'utf8');
  return `<!doctype html><html lang="en"><title>Usher API</title><p>${NOT_BUILT}</p></html>\n`;
}

/** Vite writes both pages at the end of a build, after their assets. */
function isBuilt(webRoot: string): boolean {
  return existsSync(join(webRoot, 'index.html')) && existsSync(join(webRoot, 'graphiql.html'));
}

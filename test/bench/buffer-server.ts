/** Fastify serving bytes from a buffer, and nothing else: what snapshots are compared with. */
import Fastify from 'fastify';
import type { AddressInfo } from 'node:net';

export interface BufferJob {
  /** Base64, by content coding. */
  bodies: Record<'identity' | 'gzip', string>;
}

async function serve({ bodies }: BufferJob): Promise<void> {
  const identity = Buffer.from(bodies.identity, 'base64');
  const gzip = Buffer.from(bodies.gzip, 'base64');
  const server = Fastify({ logger: false });
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: (request, reply) => {
      void reply.type('application/json; charset=utf-8');
      return request.headers['accept-encoding'] === 'gzip'
        ? reply.header('content-encoding', 'gzip').send(gzip)
        : reply.send(identity);
    },
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  console.log(JSON.stringify([(server.server.address() as AddressInfo).port, process.pid]));
}

if (process.argv[1] === __filename) {
  let input = '';
  process.stdin.on('data', (chunk: Buffer) => (input += chunk.toString()));
  process.stdin.on('end', () => void serve(JSON.parse(input) as BufferJob));
}

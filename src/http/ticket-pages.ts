/** What is to be had of tickets without GraphQL: the public keys of their codes. */
import type { FastifyInstance } from 'fastify';

export interface TicketPagesOptions {
  /** RFC 7517. */
  publicKeySet: () => Promise<object>;
  /** How long a verifier may go by what it has read. */
  keysFreshSeconds: number;
}

export function registerTicketPages(server: FastifyInstance, options: TicketPagesOptions): void {
  server.get('/.well-known/jwks.json', async (_request, reply) =>
    reply
      .header('access-control-allow-origin', '*')
      .header('cross-origin-resource-policy', 'cross-origin')
      .header('cache-control', `public, max-age=${options.keysFreshSeconds}`)
      .type('application/jwk-set+json')
      .send(JSON.stringify(await options.publicKeySet())),
  );
}

/**
 * What is to be had of tickets without GraphQL: a page to print and a calendar entry, for whoever has
 * the code, and the public keys that codes are verified with. Codes are signed: there is nothing to
 * guess, and so nothing to count guesses of.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';

/** 'void': there was such a ticket, and the code admits nobody any more. */
type Paper = Buffer | 'void' | undefined;

export interface TicketPagesOptions {
  pdfOf: (code: string) => Promise<Paper>;
  calendarOf: (code: string) => Promise<Paper>;
  /** RFC 7517. */
  publicKeySet: () => Promise<object>;
  /** How long a verifier may go by what it has read. */
  keysFreshSeconds: number;
}

export function registerTicketPages(server: FastifyInstance, options: TicketPagesOptions): void {
  const papers = {
    pdf: { find: options.pdfOf, type: 'application/pdf' },
    ics: { find: options.calendarOf, type: 'text/calendar; charset=utf-8; method=PUBLISH' },
  };

  server.get<{ Params: { file: string } }>('/tickets/:file', async (request, reply) => {
    // The address is the ticket: it is to stay in no cache, no search index, and no log of other sites.
    void reply
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .header('x-robots-tag', 'noindex');
    const { file } = request.params;
    const dot = file.lastIndexOf('.');
    const extension = file.slice(dot + 1);
    if (extension !== 'pdf' && extension !== 'ics') return refuse(reply, 404, UNKNOWN);
    const { find, type } = papers[extension];
    const paper = await find(file.slice(0, dot));
    if (paper === undefined) return refuse(reply, 404, UNKNOWN);
    if (paper === 'void') return refuse(reply, 410, 'This ticket is no longer valid.');
    return reply
      .type(type)
      .header('content-disposition', `inline; filename="ticket.${extension}"`)
      .send(paper);
  });

  server.get('/.well-known/jwks.json', async (_request, reply) =>
    reply
      .header('access-control-allow-origin', '*')
      .header('cross-origin-resource-policy', 'cross-origin')
      .header('cache-control', `public, max-age=${options.keysFreshSeconds}`)
      .type('application/jwk-set+json')
      .send(JSON.stringify(await options.publicKeySet())),
  );
}

const UNKNOWN = 'There is no such ticket.';

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}

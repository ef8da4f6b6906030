import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { parseNodeId } from '../../../src/infra/ids';
import { KEY_LEAD_SECONDS, KEYS_FRESH_SECONDS } from '../../../src/modules/tickets/ticket-keys';
import { startHouse, type House } from '../../support/house';
import { openBoxOffice, type BoxOffice } from '../../support/box-office';
import { bookTicket, checkIn, refusedWith, transfer } from './door';

let house: House;
let office: BoxOffice;
let buyer: { token: string };
beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  buyer = await house.given.user();
});
afterAll(() => house.close());

const ROTATE = 'mutation { rotateTicketKey { kid signsFrom } }';

interface KeySet {
  keys: (JsonWebKey & { kid: string })[];
}
async function readKeySet(at: House = house): Promise<KeySet> {
  return (await (await fetch(`${at.url}/.well-known/jwks.json`)).json()) as KeySet;
}

/** As docs/ticket-code.md tells it, with nothing of ours but the key set. */
function readOffline(
  text: string,
  jwks: KeySet,
): { kid: string; eventId: string; ticketId: string; generation: number } | undefined {
  if (!/^U2\.[\w-]{132}$/.test(text)) return undefined;
  const bytes = Buffer.from(text.slice(3), 'base64url');
  const jwk = jwks.keys.find((key) => key.kid === String(bytes[0]));
  if (jwk === undefined) return undefined;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (!verify(null, bytes.subarray(0, 35), key, bytes.subarray(35))) return undefined;
  return {
    kid: jwk.kid,
    eventId: 'evt_' + bytes.subarray(1, 17).toString('base64url'),
    ticketId:
      'tkt_' +
      bytes.subarray(1, 17).toString('base64url') +
      bytes.subarray(17, 33).toString('base64url'),
    generation: bytes.readUInt16BE(33),
  };
}

describe('the key set', () => {
  it('is public, may be kept for a while, and has public keys only', async () => {
    const answer = await fetch(`${house.url}/.well-known/jwks.json`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/jwk-set+json');
    expect(answer.headers.get('cache-control')).toBe(`public, max-age=${KEYS_FRESH_SECONDS}`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({
      keys: [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          kid: '1',
          use: 'sig',
          alg: 'EdDSA',
          x: expect.stringMatching(/^[\w-]{43}$/) as string,
        },
      ],
    });
  });

  it('is enough to verify a code, and to find a forged one', async () => {
    const ticket = await bookTicket(house, office, buyer.token, 0);
    const jwks = await readKeySet();
    expect(readOffline(ticket.code, jwks)).toEqual({
      kid: '1',
      eventId: office.eventId,
      ticketId: ticket.id,
      generation: 1,
    });
    expect(parseNodeId(ticket.id)?.type).toBe('Ticket');
    const given = await transfer(house, buyer.token, { ticketId: ticket.id, holderName: 'Grace' });
    expect(readOffline(given.code, jwks)).toMatchObject({ ticketId: ticket.id, generation: 2 });
    const bytes = Buffer.from(ticket.code.slice(3), 'base64url');
    bytes.writeUInt16BE(2, 33);
    expect(readOffline(`U2.${bytes.toString('base64url')}`, jwks)).toBeUndefined();
  });
});

describe('rotateTicketKey', () => {
  it('publishes a key at once, that signs ten minutes later; what was printed stays good', async () => {
    const admin = await house.given.admin();
    const before = await bookTicket(house, office, buyer.token, 1);
    const askedAt = house.clock.now().getTime();
    const { data } = await house.gql<{ rotateTicketKey: { kid: string; signsFrom: string } }>(
      ROTATE,
      {},
      { token: admin.token },
    );
    expect(data.rotateTicketKey.kid).toBe('2');
    const signsFrom = new Date(data.rotateTicketKey.signsFrom).getTime() - KEY_LEAD_SECONDS * 1000;
    expect(signsFrom).toBeGreaterThanOrEqual(askedAt);
    expect(signsFrom).toBeLessThanOrEqual(house.clock.now().getTime());
    const jwks = await readKeySet();
    expect(jwks.keys.map(({ kid }) => kid)).toEqual(['2', '1']);

    const meanwhile = await bookTicket(house, office, buyer.token, 2);
    expect(readOffline(meanwhile.code, jwks)?.kid).toBe('1');
    house.clock.advance(KEY_LEAD_SECONDS + 1);
    buyer = await house.given.user(); // the session of the one before is over
    office = { ...office, ownerToken: await freshOwner() };
    const after = await bookTicket(house, office, buyer.token, 3);
    expect(readOffline(after.code, jwks)?.kid).toBe('2');

    // The ticket of before has the code that was printed, and no second one.
    const code = await codeNow(before.id, office.ownerToken);
    expect(code).toBe(before.code);
    for (const { code: shown } of [before, meanwhile, after]) {
      expect(await checkIn(house, office, shown)).toMatchObject({ __typename: 'Ticket' });
    }
  });

  it('is known to another process as soon as it meets a code of it', async () => {
    const other = await startHouse({ on: house.database });
    try {
      await readKeySet(other);
      const admin = await house.given.admin();
      await house.gql(ROTATE, {}, { token: admin.token });
      house.clock.advance(KEY_LEAD_SECONDS + 1);
      buyer = await house.given.user();
      office = { ...office, ownerToken: await freshOwner() };
      const ticket = await bookTicket(house, office, buyer.token, 4);
      expect(readOffline(ticket.code, await readKeySet())?.kid).toBe('3');
      other.clock.advance(2 * (KEY_LEAD_SECONDS + 1));
      expect(await checkIn(other, office, ticket.code)).toMatchObject({ __typename: 'Ticket' });
    } finally {
      await other.close();
    }
  });

  it('is for platform admins', async () => {
    expect(await refusedWith(house, ROTATE, {})).toBe('UNAUTHENTICATED');
    expect(await refusedWith(house, ROTATE, {}, office.ownerToken)).toBe('FORBIDDEN');
  });
});

/** A new owner: the clock has gone past the old one's session. */
async function freshOwner(): Promise<string> {
  const admin = await house.given.admin();
  const user = await house.given.user();
  await house.gql(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
    { input: { organizationId: office.organizationId, email: user.email, role: 'OWNER' } },
    { token: admin.token },
  );
  return user.token;
}

async function codeNow(ticketId: string, token: string): Promise<string> {
  const { data } = await house.gql<{ node: { code: string } }>(
    'query ($id: ID!) { node(id: $id) { ... on Ticket { code } } }',
    { id: ticketId },
    { token },
  );
  return data.node.code;
}

import { newId } from '../../../src/infra/ids';
import { startHouse, type House } from '../../support/house';
import { confirm, firstError, hold, openBoxOffice, type BoxOffice } from '../../support/box-office';
import { colleague as colleagueAt } from '../tickets/door';

let house: House;
let office: BoxOffice;
let buyer: { email: string; token: string };
let stranger: { email: string; token: string };
let booked: { id: string; reference: string; paymentId: string; ticketId: string };

beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
  [buyer, stranger] = [await house.given.user(), await house.given.user()];
  const booking = await confirm(house, buyer.token, await hold(house, office, buyer.token, [0]));
  booked = {
    id: booking.id ?? '',
    reference: booking.reference ?? '',
    paymentId: booking.payments?.[0]?.id ?? '',
    ticketId: booking.tickets?.[0]?.id ?? '',
  };
});
afterAll(async () => {
  await house.close();
});

async function find(
  by: { id?: string; reference?: string },
  token?: string,
): Promise<{ id: string } | null> {
  const { data } = await house.gql<{ booking: { id: string } | null }>(
    'query ($id: ID, $reference: String) { booking(id: $id, reference: $reference) { id } }',
    by,
    { token },
  );
  return data.booking;
}

const colleague = (role: string): Promise<string> => colleagueAt(house, office, role);

describe('booking', () => {
  it('is found by its id and by its reference, as people type it', async () => {
    const { id, reference } = booked;
    expect(await find({ id }, buyer.token)).toEqual({ id });
    for (const spelling of [reference, reference.toLowerCase(), reference.replace('-', ' ')]) {
      expect(await find({ reference: spelling }, buyer.token)).toEqual({ id });
    }
  });

  it('is shown to its holder and to those who may see the sales', async () => {
    const { id, reference } = booked;
    const seers = [
      buyer.token,
      office.ownerToken,
      await colleague('BOX_OFFICE'),
      (await house.given.admin()).token,
    ];
    for (const token of seers) expect(await find({ id }, token)).toEqual({ id });
    const others = [
      undefined,
      stranger.token,
      (await house.given.guest()).token,
      await colleague('SCANNER'),
    ];
    for (const token of others) {
      expect(await find({ id }, token)).toBeNull();
      expect(await find({ reference }, token)).toBeNull();
    }
  });

  it.each([
    ['nothing', ''],
    ['a malformed id', 'bkg_garbage'],
    ['a reference nobody has', 'K7QF-3MPX'],
    ['a very long text', 'x'.repeat(5000)],
  ])('is null for %s', async (_, text) => {
    expect(await find({ id: text }, buyer.token)).toBeNull();
    expect(await find({ reference: text }, buyer.token)).toBeNull();
    expect(await find({ id: office.eventId }, buyer.token)).toBeNull();
  });

  it('is shown to the guest who made it, and to no other', async () => {
    const [guest, other] = [await house.given.guest(), await house.given.guest()];
    const { id } = await confirm(house, guest.token, await hold(house, office, guest.token, [6]), {
      email: 'guest@usher.test',
      name: 'Gale Guest',
    });
    expect(await find({ id }, guest.token)).toEqual({ id });
    expect(await find({ id }, other.token)).toBeNull();
  });

  it('wants the id or the reference, and not both', async () => {
    for (const by of [{}, { id: booked.id, reference: booked.reference }]) {
      const { errors } = await house.gql(
        'query ($id: ID, $reference: String) { booking(id: $id, reference: $reference) { id } }',
        by,
        { token: buyer.token, expectErrors: true },
      );
      expect(firstError(errors).code).toBe('BAD_USER_INPUT');
    }
  });

  it('is a node, as are its payments and tickets', async () => {
    for (const id of [booked.id, booked.paymentId, booked.ticketId]) {
      const query = 'query ($id: ID!) { node(id: $id) { id } }';
      const mine = await house.gql<{ node: unknown }>(query, { id }, { token: buyer.token });
      expect(mine.data.node).toEqual({ id });
      const theirs = await house.gql<{ node: unknown }>(query, { id }, { token: stranger.token });
      expect(theirs.data.node).toBeNull();
    }
  });
});

interface Page {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

async function page(token: string, first: number, after?: string | null): Promise<Page> {
  const { data } = await house.gql<{ me: { bookings: Page } }>(
    `query ($first: Int, $after: String) { me { bookings(first: $first, after: $after) {
      edges { cursor node { id } } pageInfo { hasNextPage endCursor } totalCount
    } } }`,
    { first, after },
    { token },
  );
  return data.me.bookings;
}

describe('User.bookings', () => {
  it('pages through one’s own, newest first, also those of one instant', async () => {
    const customer = await house.given.user();
    const made: string[] = [];
    for (const no of [1, 2, 3, 4, 5]) {
      const reservationId = await hold(house, office, customer.token, [no]);
      made.push((await confirm(house, customer.token, reservationId)).id ?? '');
      house.clock.advance(1);
    }
    await house.app.db.query(
      `UPDATE bookings SET created_at = (SELECT min(created_at) FROM bookings o WHERE o.holder_id = bookings.holder_id)
       WHERE customer_email = $1 AND created_at < (SELECT max(created_at) FROM bookings o WHERE o.holder_id = bookings.holder_id)`,
      [customer.email],
    );
    const seen: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 3; pages++) {
      const { edges, pageInfo, totalCount } = await page(customer.token, 2, after);
      expect(totalCount).toBe(5);
      expect(pageInfo.hasNextPage).toBe(pages < 2);
      seen.push(...edges.map((edge) => edge.node.id));
      after = pageInfo.endCursor;
    }
    expect(seen).toHaveLength(5);
    expect(seen[0]).toBe(made.at(-1));
    expect([...seen].sort()).toEqual([...made].sort());
  });

  it('refuses sizes and cursors that are none', async () => {
    const query =
      'query ($first: Int, $after: String) { me { bookings(first: $first, after: $after) { totalCount } } }';
    const forged = Buffer.from(JSON.stringify(['yesterday', newId()])).toString('base64url');
    const notUuid = Buffer.from(JSON.stringify([new Date().toISOString(), "' OR 1"])).toString(
      'base64url',
    );
    for (const variables of [
      { first: 0 },
      { first: -1 },
      { first: 1001 },
      { after: 'nonsense' },
      { after: forged },
      { after: notUuid },
    ]) {
      const { errors } = await house.gql(query, variables, {
        token: buyer.token,
        expectErrors: true,
      });
      expect(firstError(errors).code).toBe('BAD_USER_INPUT');
    }
  });

  it('are nobody else’s to read, not even a colleague’s', async () => {
    await colleague('MANAGER');
    const { errors } = await house.gql(
      'query ($id: ID!) { organization(id: $id) { members { user { bookings { totalCount } } } } }',
      { id: office.organizationId },
      { token: office.ownerToken, expectErrors: true },
    );
    expect(firstError(errors).code).toBe('FORBIDDEN');
  });
});

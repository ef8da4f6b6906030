import { OrganizationRole } from '../../../src/modules/organizations/organization.entity';
import { addMember } from '../../../src/modules/organizations/organization.service';
import type { GivenUser } from '../../support/given';
import { startHouse, type House } from '../../support/house';
import { catalogueOf, codeOf, pathsOf, type Stage } from './catalogue';

let house: House;
let stage: Stage;
beforeAll(async () => {
  house = await startHouse();
  stage = await catalogue.stage();
});
afterAll(async () => {
  await house.close();
});
const catalogue = catalogueOf(() => house);
const { create, tryCreate, update, publish, find, inDays, uuidOf } = catalogue;

async function memberAs(role: OrganizationRole): Promise<GivenUser> {
  const member = await house.given.user();
  const actor = { id: stage.owner.uuid, platformAdmin: false };
  await addMember(house.app, actor, stage.organizationUuid, member.email, role);
  return member;
}

describe('createEvent', () => {
  test('makes a draft with one available seat for each place, in its category', async () => {
    const event = await create(stage);
    expect(event).toMatchObject({
      status: 'DRAFT',
      version: 1,
      onSale: false,
      timezone: 'Europe/Berlin',
      priceFrom: { amountMinor: 4250, currency: 'EUR' },
      ticketTypes: [{ key: 'standard', name: 'Standard' }],
    });
    expect(event.categories.map(({ key, prices }) => [key, prices.length])).toEqual([
      ['stalls', 1],
      ['gods', 0],
    ]);
    expect(
      await house.app.db.query(
        'SELECT no, category_no, status FROM seats WHERE event_id = $1 ORDER BY no',
        [uuidOf(event)],
      ),
    ).toEqual([
      { no: 0, category_no: 0, status: 'A' },
      { no: 1, category_no: 0, status: 'A' },
      { no: 2, category_no: 1, status: 'A' },
    ]);
  });

  test('a price without a ticket type serves all that have none of their own', async () => {
    const event = await create(stage, {
      ticketTypes: [
        { key: 'adult', name: 'Adult' },
        { key: 'student', name: 'Student' },
      ],
      prices: [
        { categoryKey: 'gods', priceMinor: 900 },
        { categoryKey: 'gods', ticketTypeKey: 'student', priceMinor: 500 },
      ],
    });
    expect(event.priceFrom?.amountMinor).toBe(500);
    expect(
      event.categories[1]?.prices.map(({ ticketType, price }) => [
        ticketType.key,
        price.amountMinor,
      ]),
    ).toEqual([
      ['adult', 900],
      ['student', 500],
    ]);
  });

  test('null for what has a default counts as left out', async () => {
    const event = await create(stage, {
      holdSeconds: null,
      seatsPerReservationMax: null,
      ticketTypes: null,
    });
    expect(
      await house.app.db.query(
        'SELECT hold_seconds, seats_per_reservation_max FROM events WHERE id = $1',
        [uuidOf(event)],
      ),
    ).toEqual([{ hold_seconds: 600, seats_per_reservation_max: 10 }]);
    expect(event.ticketTypes).toHaveLength(1);
  });

  test('a currency has one spelling', async () => {
    expect((await create(stage, { currency: 'eur' })).currency).toBe('EUR');
  });

  test('forty of one title at once get forty slugs', async () => {
    const made = await Promise.all(
      Array.from({ length: 40 }, () => create(stage, { title: 'Crowd' })),
    );
    expect(new Set(made.map(({ slug }) => slug)).size).toBe(40);
    expect(made.map(({ slug }) => slug)).toContain('crowd');
  });

  test('a title without a Latin letter still gets a slug', async () => {
    expect((await create(stage, { title: '音楽会' })).slug).toMatch(/^event-[0-9a-f]{12}$/);
  });

  test('names every wrong field in one answer, and makes nothing', async () => {
    const countEvents = () => house.app.db.query('SELECT count(*) FROM events');
    const before = await countEvents();
    const answer = await tryCreate(stage, {
      title: '  ',
      startsAt: inDays(-1),
      doorsAt: inDays(1),
      endsAt: inDays(-2),
      salesStartAt: inDays(2),
      salesEndAt: inDays(2),
      holdSeconds: 0,
      seatsPerReservationMax: 501,
      ticketTypes: [
        { key: 'adult', name: 'Adult' },
        { key: 'adult', name: 'Again' },
        { key: 'Bad Key', name: 'Bad' },
      ],
      prices: [
        { categoryKey: 'stalls', priceMinor: -1 },
        { categoryKey: 'stalls', priceMinor: 100_000_001 },
        { categoryKey: 'moon', priceMinor: 1 },
        { categoryKey: 'gods', ticketTypeKey: 'pensioner', priceMinor: 1 },
      ],
    });
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(pathsOf(answer)).toEqual([
      'input.doorsAt',
      'input.endsAt',
      'input.holdSeconds',
      'input.prices.0.priceMinor',
      'input.prices.1',
      'input.prices.1.priceMinor',
      'input.prices.2.categoryKey',
      'input.prices.3.ticketTypeKey',
      'input.salesEndAt',
      'input.seatsPerReservationMax',
      'input.startsAt',
      'input.ticketTypes.1.key',
      'input.ticketTypes.2.key',
      'input.title',
    ]);
    expect(await countEvents()).toEqual(before);
  });

  test.each([
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'input.title'],
    ['a NUL in the title', { title: 'a\u0000b' }, 'input.title'],
    [
      'a description of 10,001 characters',
      { description: 'x'.repeat(10_001) },
      'input.description',
    ],
    ['no ticket types', { ticketTypes: [] }, 'input.ticketTypes'],
    ['a hold of 7,201 seconds', { holdSeconds: 7_201 }, 'input.holdSeconds'],
  ])('refuses %s', async (_, changes, path) => {
    const answer = await tryCreate(stage, changes);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(pathsOf(answer)).toEqual([path]);
  });

  test("another organization's plan does not exist here", async () => {
    const { planId } = await catalogue.stage();
    expect(codeOf(await tryCreate(stage, { seatingPlanId: planId }))).toBe('NOT_FOUND');
    expect(codeOf(await tryCreate(stage, { seatingPlanId: stage.organizationId }))).toBe(
      'NOT_FOUND',
    );
  });

  test('is for managers: others are told no more than they may know', async () => {
    const scanner = await memberAs(OrganizationRole.SCANNER);
    const manager = await memberAs(OrganizationRole.MANAGER);
    const stranger = await house.given.user();
    const guest = await house.given.guest();
    expect(codeOf(await tryCreate(stage, {}, scanner.token))).toBe('FORBIDDEN');
    expect(codeOf(await tryCreate(stage, {}, stranger.token))).toBe('NOT_FOUND');
    expect(codeOf(await tryCreate(stage, {}, guest.token))).toBe('UNAUTHENTICATED');
    expect(codeOf(await tryCreate(stage, {}, manager.token))).toBeUndefined();
  });
});

describe('updateEvent', () => {
  test('changes what is named, and the version', async () => {
    const event = await create(stage);
    const { data } = await update(stage.owner.token, {
      id: event.id,
      expectedVersion: 1,
      title: ' New ',
      prices: [{ categoryKey: 'gods', priceMinor: 100 }],
    });
    expect(data.updateEvent).toMatchObject({ title: 'New', slug: event.slug, version: 2 });
    expect(data.updateEvent.priceFrom?.amountMinor).toBe(100);
    expect(data.updateEvent.categories.map(({ prices }) => prices.length)).toEqual([0, 1]);
  });

  test('of ten at once with one version exactly one wins', async () => {
    const event = await create(stage);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        update(stage.owner.token, { id: event.id, expectedVersion: 1, title: `Title ${n}` }),
      ),
    );
    const lost = answers.filter((answer) => codeOf(answer) === 'VERSION_CONFLICT');
    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    expect(lost).toHaveLength(9);
    expect(lost.map(({ errors }) => errors?.[0]?.extensions['currentVersion'])).toEqual(
      Array.from({ length: 9 }, () => 2),
    );
  });

  test('examines the instants against those that stay, and blames those given', async () => {
    const event = await create(stage, { endsAt: inDays(31), salesEndAt: inDays(20) });
    const answer = await update(stage.owner.token, {
      id: event.id,
      expectedVersion: 1,
      startsAt: inDays(32),
      salesStartAt: inDays(21),
    });
    expect(pathsOf(answer)).toEqual(['input.salesStartAt', 'input.startsAt']);
    const cleared = await update(stage.owner.token, {
      id: event.id,
      expectedVersion: 1,
      salesEndAt: null,
    });
    expect(cleared.data.updateEvent.version).toBe(2);
  });

  test('two changes in one request each show their own prices', async () => {
    const { id } = await create(stage);
    const priced = (n: number) => ({
      id,
      expectedVersion: n,
      prices: [{ categoryKey: 'stalls', priceMinor: n }],
    });
    const { data } = await house.gql<
      Record<string, { categories: { prices: { price: { amountMinor: number } }[] }[] }>
    >(
      `mutation ($a: UpdateEventInput!, $b: UpdateEventInput!) {
        a: updateEvent(input: $a) { categories { prices { price { amountMinor } } } }
        b: updateEvent(input: $b) { categories { prices { price { amountMinor } } } }
      }`,
      { a: priced(1), b: priced(2) },
      { token: stage.owner.token },
    );
    expect(data['a']?.categories[0]?.prices[0]?.price.amountMinor).toBe(1);
    expect(data['b']?.categories[0]?.prices[0]?.price.amountMinor).toBe(2);
  });

  test('is not for strangers, even where everybody sees the event', async () => {
    const event = await create(stage);
    await publish(stage.owner.token, event.id);
    const input = { id: event.id, expectedVersion: 2, title: 'Mine' };
    const stranger = await house.given.user();
    const scanner = await memberAs(OrganizationRole.SCANNER);
    expect(codeOf(await update(stranger.token, input))).toBe('NOT_FOUND');
    expect(codeOf(await update(scanner.token, input))).toBe('FORBIDDEN');
    expect(codeOf(await update(undefined, input))).toBe('UNAUTHENTICATED');
    expect(codeOf(await update(stage.owner.token, { ...input, id: 'evt_x' }))).toBe('NOT_FOUND');
  });
});

describe('publishEvent', () => {
  test('puts it on sale; again changes nothing', async () => {
    const { id } = await create(stage);
    const first = await publish(stage.owner.token, id);
    const again = await publish(stage.owner.token, id);
    expect(first.data.publishEvent).toMatchObject({
      status: 'PUBLISHED',
      version: 2,
      onSale: true,
    });
    expect(again.data.publishEvent).toEqual(first.data.publishEvent);
  });

  test('needs a price, and no cancellation', async () => {
    const priceless = await create(stage, { prices: [] });
    expect(codeOf(await publish(stage.owner.token, priceless.id))).toBe('CONFLICT');
    const cancelled = await create(stage);
    await house.app.db.query(`UPDATE events SET status = 'CANCELLED' WHERE id = $1`, [
      uuidOf(cancelled),
    ]);
    expect(codeOf(await publish(stage.owner.token, cancelled.id))).toBe('CONFLICT');
  });
});

describe('event', () => {
  test('a draft is there for members alone, by id and by slug', async () => {
    const { id, slug } = await create(stage, { title: 'Secret plans' });
    const scanner = await memberAs(OrganizationRole.SCANNER);
    const stranger = await house.given.user();
    for (const key of [{ id }, { slug }]) {
      expect((await find(key, scanner.token)).data.event?.id).toBe(id);
      expect((await find(key, stranger.token)).data.event).toBeNull();
      expect((await find(key)).data.event).toBeNull();
    }
    await publish(stage.owner.token, id);
    expect((await find({ slug })).data.event?.id).toBe(id);
  });

  test('wants exactly one of id and slug; a malformed id finds nothing', async () => {
    expect(codeOf(await find({}))).toBe('BAD_USER_INPUT');
    expect(codeOf(await find({ id: 'evt_x', slug: 'x' }))).toBe('BAD_USER_INPUT');
    expect((await find({ id: stage.organizationId })).data.event).toBeNull();
  });
});

test('an offer is loaded once for all who ask at once, and anew once it is forgotten', async () => {
  const event = await create(stage);
  const id = uuidOf(event);
  house.app.offers.forget(id);
  const offers = await Promise.all(Array.from({ length: 5 }, () => house.app.offers.get(id)));
  expect(new Set(offers).size).toBe(1);
  expect(offers[0]?.priceOf(0, undefined)).toEqual({ ticketTypeKey: 'standard', priceMinor: 4250 });
  expect(offers[0]?.priceOf(1, undefined)).toBeUndefined();
  expect(offers[0]?.priceOf(0, 'moon')).toBeUndefined();
  await update(stage.owner.token, {
    id: event.id,
    expectedVersion: 1,
    prices: [{ categoryKey: 'stalls', priceMinor: 1 }],
  });
  expect((await house.app.offers.get(id))?.priceOf(0, undefined)?.priceMinor).toBe(1);
});

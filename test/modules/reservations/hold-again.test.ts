/** Holds that come twice, and holds whose event changes under them. */
import type { House } from '../../support/house';
import {
  askToHold,
  byNo,
  expectSound,
  holdNos,
  nosOf,
  openHall,
  seatIdOf,
  STALLS,
  stateOf,
  statusesOf,
  tryHold,
  type Hall,
} from '../../support/hall';
import { inHall } from '../../support/settings';

let house: House;
let hall: Hall;
let token: string;
inHall((given) => ({ house, hall, token } = given));
afterEach(() => expectSound(house, hall));

async function codeFor(input: Record<string, unknown>, as = token): Promise<string | undefined> {
  return (await tryHold(house, hall, as, input)).errors?.[0]?.extensions.code;
}

describe('an idempotency key', () => {
  it('makes one reservation of twenty calls at once', async () => {
    const input = { seats: byNo(1, 2), idempotencyKey: 'basket' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => askToHold(house, hall, token, input)),
    );
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.expiresAt)).size).toBe(1);
    expect(answers.every((answer) => nosOf(answer).join() === '1,2')).toBe(true);
    expect(await statusesOf(house, hall)).toMatch(/^AHHA+$/);
  });

  it('works for adding, which would else be a conflict', async () => {
    const first = await holdNos(house, hall, token, [1]);
    const input = { reservationId: first.id, seats: byNo(2), idempotencyKey: 'more' };
    expect(nosOf(await askToHold(house, hall, token, input))).toEqual([1, 2]);
    expect(nosOf(await askToHold(house, hall, token, input))).toEqual([1, 2]);
  });

  it('answers with the reservation as it is by now', async () => {
    const input = { seats: byNo(1), idempotencyKey: 'key' };
    const { id } = await askToHold(house, hall, token, input);
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id },
      { token },
    );
    expect(await askToHold(house, hall, token, input)).toMatchObject({ id, status: 'RELEASED' });
    expect(await statusesOf(house, hall)).toMatch(/^A+$/);
  });

  it('does not keep a refusal: asked again, it may be a grant, and that is kept', async () => {
    const blocker = await house.given.guest();
    const theirs = await holdNos(house, hall, blocker.token, [1]);
    const input = { seats: byNo(1), idempotencyKey: 'key' };
    expect((await askToHold(house, hall, token, input)).__typename).toBe('SeatsUnavailable');
    await house.gql(
      'mutation ($id: ID!) { releaseReservation(id: $id) { id } }',
      { id: theirs.id },
      { token: blocker.token },
    );
    const granted = await askToHold(house, hall, token, input);
    expect(granted.status).toBe('ACTIVE');
    expect((await askToHold(house, hall, token, input)).id).toBe(granted.id);
  });

  it('is a conflict with any other selection', async () => {
    const idempotencyKey = 'key';
    const { id } = await askToHold(house, hall, token, { seats: byNo(1), idempotencyKey });
    const before = await stateOf(house, hall);
    const others: Record<string, unknown>[] = [
      { seats: byNo(2) },
      { seats: byNo(1, 2) },
      { seats: [{ no: 1, ticketTypeKey: 'adult' }] },
      { areas: [{ sectionKey: 'pit', quantity: 1 }] },
      { seats: byNo(1), reservationId: id },
    ];
    for (const other of others)
      expect(await codeFor({ ...other, idempotencyKey })).toBe('IDEMPOTENCY_CONFLICT');
    expect(await stateOf(house, hall)).toEqual(before);
    const sameSeat = { seats: [{ seatId: seatIdOf(hall, 1) }], idempotencyKey };
    expect(await askToHold(house, hall, token, sameSeat)).toMatchObject({ id });
  });

  it('belongs to its caller and its event', async () => {
    const input = { seats: byNo(1), idempotencyKey: 'key' };
    const mine = await askToHold(house, hall, token, input);
    const other = (await house.given.guest()).token;
    const theirs = await askToHold(house, hall, other, { ...input, seats: byNo(2) });
    expect(theirs.id).not.toBe(mine.id);
    const elsewhere = await openHall(house, { oneRowOf: 2 });
    expect((await askToHold(house, elsewhere, token, input)).id).not.toBe(mine.id);
  });

  it('is free again where the call ended in an error', async () => {
    const input = { seats: byNo(-1), idempotencyKey: 'key' };
    expect(await codeFor(input)).toBe('BAD_USER_INPUT');
    expect(await askToHold(house, hall, token, { ...input, seats: byNo(1) })).toMatchObject({
      status: 'ACTIVE',
    });
  });
});

describe('an event that changes under a hold', () => {
  const reprice = (version: number, priceMinor: number) =>
    house.gql(
      'mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { version } }',
      {
        input: {
          id: hall.eventId,
          expectedVersion: version,
          prices: [{ categoryKey: 'best', ticketTypeKey: 'adult', priceMinor }],
        },
      },
      { token: hall.owner.token },
    );
  const versionNow = async (): Promise<number> =>
    (
      await house.gql<{ event: { version: number } }>(
        'query ($id: ID!) { event(id: $id) { version } }',
        { id: hall.eventId },
      )
    ).data.event.version;

  it('is priced anew, whatever this process remembers', async () => {
    expect((await holdNos(house, hall, token, [0])).total.amountMinor).toBe(STALLS.adultMinor);
    const remembered = await house.app.offers.get(hall.eventUuid);
    await reprice(await versionNow(), 7700);
    // As another process would: it has not heard of the change, and thinks its copy fresh.
    const get = jest
      .spyOn(house.app.offers, 'get')
      .mockImplementationOnce(() => Promise.resolve(remembered))
      .mockImplementationOnce(() => Promise.resolve(remembered));
    const held = await holdNos(house, hall, token, [1]);
    expect(held.total.amountMinor).toBe(7700);
    expect(get.mock.calls.length).toBeGreaterThan(2);
    get.mockRestore();
  });

  it('keeps the price a seat was held for', async () => {
    const first = await holdNos(house, hall, token, [0]);
    await reprice(await versionNow(), 7700);
    const second = await holdNos(house, hall, token, [1], { reservationId: first.id });
    expect(second.total.amountMinor).toBe(STALLS.adultMinor + 7700);
  });

  it('gives up as a CONFLICT where it never stands still', async () => {
    const offer = await house.app.offers.get(hall.eventUuid);
    await reprice(await versionNow(), 7700);
    const get = jest
      .spyOn(house.app.offers, 'get')
      .mockImplementation(() => Promise.resolve(offer));
    const before = await stateOf(house, hall);
    expect(await codeFor({ seats: byNo(2) })).toBe('CONFLICT');
    get.mockRestore();
    expect(await stateOf(house, hall)).toEqual(before);
  });
});

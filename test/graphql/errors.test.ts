import { DomainError } from '../../src/errors';
import { startHouse, type House } from '../support/house';
import { byNo, HOLD, openHall, type Hall } from '../support/hall';
import { codesOf, TRANSPORTS } from './transports';

let house: House;
let hall: Hall;
beforeAll(async () => {
  house = await startHouse();
  hall = await openHall(house);
});
afterAll(() => house.close());
afterEach(() => jest.restoreAllMocks());

const SECRET = 'password=hunter2 at /etc/usher/secrets';
const EVENT = 'query ($id: ID!) { event(id: $id) { id availability { total } } }';

/** A bug nobody foresaw, in the middle of a resolver. */
function breakLive(error: Error): void {
  jest.spyOn(house.app.live, 'event').mockRejectedValue(error);
}

describe.each(TRANSPORTS)('errors over %s', (_, ask) => {
  it('nobody foresaw are INTERNAL with a correlation id, and nothing else', async () => {
    const logged = jest.spyOn(house.app.log, 'error').mockImplementation(() => undefined);
    breakLive(new Error(SECRET));
    const answer = await ask(house, EVENT, { id: hall.eventId });
    expect(codesOf(answer)).toEqual(['INTERNAL']);
    const [error] = answer.errors ?? [];
    expect(Object.keys(error?.extensions ?? {}).sort()).toEqual(['code', 'correlationId']);
    expect(Object.keys(error ?? {}).sort()).toEqual(['extensions', 'message', 'path']);
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|secrets|stack|\.ts/);
    const correlationId = error?.extensions['correlationId'];
    expect(logged.mock.calls[0]?.[0]).toMatchObject({
      correlationId,
      err: expect.objectContaining({ message: SECRET }) as unknown,
    });
  });

  it('of the database leak neither statement nor constraint', async () => {
    jest.spyOn(house.app.log, 'error').mockImplementation(() => undefined);
    const failure = await house.app.db
      .query('SELECT * FROM no_such_table')
      .catch((error: unknown) => error as Error);
    breakLive(failure as Error);
    const answer = await ask(house, EVENT, { id: hall.eventId });
    expect(codesOf(answer)).toEqual(['INTERNAL']);
    expect(JSON.stringify(answer)).not.toContain('no_such_table');
  });

  it('that have a name keep it, and their details', async () => {
    breakLive(new DomainError('VERSION_CONFLICT', 'Changed meanwhile.', { version: 3 }));
    const answer = await ask(house, EVENT, { id: hall.eventId });
    expect(answer.errors).toMatchObject([
      { message: 'Changed meanwhile.', extensions: { code: 'VERSION_CONFLICT', version: 3 } },
    ]);
  });

  it.each([
    ['a text that is no GraphQL', '{ event('],
    ['an empty text', ''],
    ['an unknown field', '{ nothingOfTheKind }'],
    ['an unknown argument', '{ events(last: 3) { totalCount } }'],
    ['an unknown value of an enum', '{ events(sort: { field: COLOUR }) { totalCount } }'],
    ['no operation', 'fragment f on Event { id }'],
    [
      'a subscription among others',
      'subscription { a: seatMapUpdates(eventId: "x") { cursor } b: seatMapUpdates(eventId: "y") { cursor } }',
    ],
  ])('for %s are BAD_USER_INPUT', async (what, query) => {
    const answer = await ask(house, query).catch((error: unknown) => error as Error);
    if (answer instanceof Error) throw new Error(`${what}: ${answer.message}`);
    expect(new Set(codesOf(answer))).toEqual(new Set(['BAD_USER_INPUT']));
  });

  it('in variables name each in extensions.fields', async () => {
    const answer = await ask(house, HOLD, {
      input: {
        eventId: hall.eventId,
        seats: [{ no: 'one' }, ...byNo(2 ** 40)],
        colour: 'red',
      },
    });
    expect(codesOf(answer)[0]).toBe('BAD_USER_INPUT');
    const fields = answer.errors?.[0]?.extensions['fields'] as { path: string }[];
    expect(fields.map((field) => field.path)).toEqual(
      expect.arrayContaining(['input.seats.0.no', 'input.seats.1.no']),
    );
  });

  it('for a variable that is missing name it', async () => {
    const answer = await ask(house, EVENT, {});
    expect(answer.errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', fields: [{ path: 'id' }] } },
    ]);
  });

  it('for inputs that class-validator refuses name all fields at once', async () => {
    const answer = await ask(
      house,
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      {
        input: {
          email: 'a@example.org',
          password: 'short',
          firstName: '',
          lastName: 'x'.repeat(500),
        },
      },
    );
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    const fields = answer.errors?.[0]?.extensions['fields'] as { path: string }[];
    expect(fields.map((field) => field.path).sort()).toEqual([
      'input.firstName',
      'input.lastName',
      'input.password',
    ]);
    expect(JSON.stringify(answer)).not.toContain('short"');
  });
});

import type { App } from '../../../src/app.types';
import { DomainError } from '../../../src/errors';
import { RateLimits } from '../../../src/infra/rate-limits';
import { createUser, login } from '../../../src/modules/auth/account.service';
import { startHouse, type House } from '../../support/house';
import { codeOf, LOGIN, ME, REGISTER, type MeData, type SessionData } from './operations';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

const ann = {
  email: 'ann@example.org',
  password: 'correct horse 1',
  firstName: 'Ann',
  lastName: 'Lee',
};
const someone = (email: string) => ({ ...ann, email });
const countUsers = async (email: string): Promise<number> =>
  (await house.app.db.query('SELECT FROM users WHERE email = $1', [email])).length;

describe('register', () => {
  test('opens an account and a session that works', async () => {
    const before = house.app.clock.now().getTime();
    const { data } = await house.gql<{ register: SessionData }>(REGISTER, { input: ann });
    const session = data.register;
    expect(session.user).toMatchObject({
      email: 'ann@example.org',
      firstName: 'Ann',
      lastName: 'Lee',
    });
    const lasts = (instant: string) => (new Date(instant).getTime() - before) / 1000;
    expect(lasts(session.accessTokenExpiresAt)).toBeGreaterThan(15 * 60 - 2);
    expect(lasts(session.accessTokenExpiresAt)).toBeLessThan(15 * 60 + 30);
    expect(lasts(session.refreshTokenExpiresAt)).toBeGreaterThanOrEqual(7 * 24 * 60 * 60);
    expect(lasts(session.refreshTokenExpiresAt)).toBeLessThan(7 * 24 * 60 * 60 + 30);
    const me = await house.gql<MeData>(ME, {}, { token: session.accessToken });
    expect(me.data.me).toEqual(session.user);
  });

  test('keeps no password and no refresh token in the clear', async () => {
    const { data } = await house.gql<{ register: SessionData }>(REGISTER, {
      input: someone('hashed@example.org'),
    });
    const [user] = await house.app.db.query<{ password_hash: string }>(
      'SELECT password_hash FROM users WHERE email = $1',
      ['hashed@example.org'],
    );
    expect(user?.password_hash).toMatch(/^\$argon2id\$/);
    const tokens = await house.app.db.query<{ hash: string }>(
      `SELECT encode(token_hash, 'hex') AS hash FROM refresh_tokens
       WHERE token_hash = sha256(convert_to($1, 'UTF8'))`,
      [data.register.refreshToken],
    );
    expect(tokens).toHaveLength(1);
  });

  test('an address is taken in whatever case', async () => {
    await house.gql(REGISTER, { input: someone('taken@example.org') });
    const again = await house.gql(
      REGISTER,
      { input: someone('Taken@Example.ORG') },
      { expectErrors: true },
    );
    expect(codeOf(again)).toBe('EMAIL_TAKEN');
  });

  test('of 20 at once with one address exactly one gets it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        house.gql(REGISTER, { input: someone('rush@example.org') }, { expectErrors: true }),
      ),
    );
    const codes = answers.map(codeOf);
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'EMAIL_TAKEN')).toHaveLength(19);
    expect(await countUsers('rush@example.org')).toBe(1);
  });

  test.each([
    ['a short password', { password: 'short1' }, 'input.password'],
    ['a password without a digit', { password: 'only letters' }, 'input.password'],
    ['a password of 129 characters', { password: `a1${'x'.repeat(127)}` }, 'input.password'],
    ['an address of 255 characters', { email: `${'a'.repeat(243)}@example.org` }, 'input.email'],
    ['no address', { email: 'not an address' }, 'input.email'],
    ['a blank name', { firstName: '   ' }, 'input.firstName'],
    ['a NUL in a name', { lastName: 'Le\u0000e' }, 'input.lastName'],
    ['half a surrogate pair in a name', { lastName: 'Lee\ud83d' }, 'input.lastName'],
    ['a name of 10,000 characters', { firstName: 'x'.repeat(10_000) }, 'input.firstName'],
  ])('refuses %s and names the field', async (_, wrong, path) => {
    const input = { ...someone('wrong@example.org'), ...wrong };
    const answer = await house.gql(REGISTER, { input }, { expectErrors: true });
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(answer.errors?.[0]?.extensions['fields']).toEqual([expect.objectContaining({ path })]);
    expect(await countUsers(input.email)).toBe(0);
  });

  test('names all wrong fields at once', async () => {
    const answer = await house.gql(
      REGISTER,
      { input: { email: 'wrong@example.org', password: 'x', firstName: ' ', lastName: '' } },
      { expectErrors: true },
    );
    const fields = answer.errors?.[0]?.extensions['fields'] as { path: string }[];
    expect(fields.map((field) => field.path).sort()).toEqual([
      'input.firstName',
      'input.lastName',
      'input.password',
    ]);
  });
});

describe('login', () => {
  const credentials = { email: 'login@example.org', password: 'correct horse 1' };
  beforeAll(async () => {
    await createUser(house.app, someone(credentials.email));
  });
  const logIn = (input: object) =>
    house.gql<{ login: SessionData }>(LOGIN, { input }, { expectErrors: true });

  test('gives a session, whatever the case of the address', async () => {
    const { data } = await logIn({ ...credentials, email: 'LOGIN@example.org' });
    expect(data.login.user).toMatchObject({ email: credentials.email });
  });

  test('says the same for a wrong password and for an unknown address', async () => {
    const wrong = await logIn({ ...credentials, password: 'wrong horse 1' });
    const unknown = await logIn({ ...credentials, email: 'nobody@example.org' });
    expect(codeOf(wrong)).toBe('INVALID_CREDENTIALS');
    expect(unknown.errors).toEqual(wrong.errors);
  });

  test('refuses an oversized password before hashing it', async () => {
    expect(codeOf(await logIn({ ...credentials, password: 'x1'.repeat(10_000) }))).toBe(
      'BAD_USER_INPUT',
    );
  });

  test('guesses are limited by account, and a login clears them', async () => {
    const limited: App = {
      ...house.app,
      limits: new RateLimits({ ...house.app.config, rateLimits: true }, undefined),
    };
    const code = async (password: string, address: string): Promise<unknown> =>
      login(limited, { email: 'LOGIN@example.org', password }, address).then(
        () => undefined,
        (error: unknown) => (error instanceof DomainError ? error.code : error),
      );
    for (let tries = 1; tries <= 29; tries++) {
      expect(await code('wrong horse 1', `192.0.2.${tries}`)).toBe('INVALID_CREDENTIALS');
    }
    expect(await code(credentials.password, '192.0.2.98')).toBeUndefined();
    for (let tries = 1; tries <= 30; tries++) {
      expect(await code('wrong horse 1', `192.0.2.${tries}`)).toBe('INVALID_CREDENTIALS');
    }
    expect(await code(credentials.password, '192.0.2.99')).toBe('RATE_LIMITED');
  });
});

describe('me', () => {
  const ask = (token?: string) =>
    house.gql<MeData>(ME, {}, { ...(token && { token }), expectErrors: true });

  test('is null without a token and for a guest', async () => {
    expect((await ask()).data.me).toBeNull();
    expect((await ask((await house.given.guest()).token)).data.me).toBeNull();
  });

  test('a token that has expired is refused', async () => {
    const { token } = await house.given.user();
    expect((await ask(token)).data.me).not.toBeNull();
    house.clock.advance(15 * 60 + 1);
    expect(codeOf(await ask(token))).toBe('UNAUTHENTICATED');
  });

  test('a forged one is refused', async () => {
    expect(codeOf(await ask('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'))).toBe('UNAUTHENTICATED');
  });

  test('node gives you yourself and nobody else', async () => {
    const [self, other] = [await house.given.user(), await house.given.user()];
    const NODE = `query ($id: ID!) { node(id: $id) { id ... on User { email } } }`;
    const node = async (id: string): Promise<unknown> =>
      (await house.gql<{ node: unknown }>(NODE, { id }, { token: self.token })).data.node;
    expect(await node(self.id)).toEqual({ id: self.id, email: self.email });
    expect(await node(other.id)).toBeNull();
    expect(await node('usr_nonsense')).toBeNull();
  });
});

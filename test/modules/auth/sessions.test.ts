import { requireId } from '../../../src/infra/ids';
import { authenticate } from '../../../src/modules/auth/tokens';
import { startHouse, type House } from '../../support/house';
import {
  codeOf,
  LOGIN,
  LOGOUT,
  ME,
  REFRESH,
  REGISTER,
  START_GUEST,
  type MeData,
  type SessionData,
} from './operations';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

const ended = { code: 'UNAUTHENTICATED' };

async function logIn(): Promise<SessionData> {
  const { email, password } = await house.given.user();
  return (await house.gql<{ login: SessionData }>(LOGIN, { input: { email, password } })).data
    .login;
}
async function startGuest(): Promise<SessionData> {
  return (await house.gql<{ startGuestSession: SessionData }>(START_GUEST)).data.startGuestSession;
}
/** The next session, or the refusal's code. */
async function refresh(token: string): Promise<SessionData | { code: unknown }> {
  const answer = await house.gql<{ refreshSession: SessionData }>(
    REFRESH,
    { token },
    { expectErrors: true },
  );
  return answer.errors ? { code: codeOf(answer) } : answer.data.refreshSession;
}
async function refreshed(token: string): Promise<SessionData> {
  const session = await refresh(token);
  if ('code' in session) throw new Error(`refused: ${String(session.code)}`);
  return session;
}
async function endReasonOf(token: string): Promise<string | null | undefined> {
  const [family] = await house.app.db.query<{ end_reason: string | null }>(
    `SELECT end_reason FROM session_families family
     JOIN refresh_tokens token ON token.family_id = family.id
     WHERE token.token_hash = sha256(convert_to($1, 'UTF8'))`,
    [token],
  );
  return family?.end_reason;
}

describe('refreshSession', () => {
  test('brings the next tokens, again and again', async () => {
    const first = await logIn();
    const second = await refreshed(first.refreshToken);
    const third = await refreshed(second.refreshToken);
    expect(new Set([first, second, third].map((session) => session.refreshToken)).size).toBe(3);
    const me = await house.gql<MeData>(ME, {}, { token: third.accessToken });
    expect(me.data.me).toEqual(first.user);
  });

  test('a spent token ends its family, the thief and the robbed alike', async () => {
    const first = await logIn();
    const second = await refreshed(first.refreshToken);
    expect(await refresh(first.refreshToken)).toEqual(ended);
    expect(await refresh(second.refreshToken)).toEqual(ended);
    expect(await endReasonOf(first.refreshToken)).toBe('TOKEN_REUSED');
  });

  test("and leaves the user's other logins alone", async () => {
    const { email, password } = await house.given.user();
    const [here, there] = await Promise.all(
      [1, 2].map(
        async () =>
          (await house.gql<{ login: SessionData }>(LOGIN, { input: { email, password } })).data
            .login,
      ),
    );
    if (here === undefined || there === undefined) throw new Error('two logins');
    await refreshed(here.refreshToken);
    expect(await refresh(here.refreshToken)).toEqual(ended);
    await refreshed(there.refreshToken);
  });

  test('of 20 at once with one token at most one succeeds, and the family has ended', async () => {
    const { refreshToken } = await logIn();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)));
    const sessions = answers.filter((answer) => !('code' in answer));
    expect(sessions).toHaveLength(1);
    expect(answers.filter((answer) => 'code' in answer)).toEqual(Array(19).fill(ended));
    expect(await endReasonOf(refreshToken)).toBe('TOKEN_REUSED');
    for (const session of sessions) {
      expect(await refresh((session as SessionData).refreshToken)).toEqual(ended);
    }
  });

  test('a token lives for seven days, and an expired one ends nothing', async () => {
    const early = await logIn();
    const late = await logIn();
    house.clock.advance(7 * 24 * 60 * 60 - 60);
    await refreshed(early.refreshToken);
    house.clock.advance(61);
    expect(await refresh(late.refreshToken)).toEqual(ended);
    expect(await endReasonOf(late.refreshToken)).toBeNull();
  });

  test.each([
    ['never issued', 'A'.repeat(43)],
    ['empty', ''],
    ['no text of ours', 'not a token'],
    ['with a NUL', '\u0000'.repeat(43)],
    ['a hundred thousand characters', 'x'.repeat(100_000)],
  ])('refuses a token that is %s', async (_, token) => {
    expect(await refresh(token)).toEqual(ended);
  });

  test('an access token is no refresh token, nor the other way round', async () => {
    const session = await logIn();
    expect(await refresh(session.accessToken)).toEqual(ended);
    const answer = await house.gql(ME, {}, { token: session.refreshToken, expectErrors: true });
    expect(codeOf(answer)).toBe('UNAUTHENTICATED');
  });
});

describe('logout', () => {
  const logOut = async (token: string): Promise<boolean> =>
    (await house.gql<{ logout: boolean }>(LOGOUT, { token })).data.logout;

  test('ends the family, also by a token that is spent', async () => {
    const first = await logIn();
    const second = await refreshed(first.refreshToken);
    expect(await logOut(first.refreshToken)).toBe(true);
    expect(await refresh(second.refreshToken)).toEqual(ended);
    expect(await endReasonOf(second.refreshToken)).toBe('LOGOUT');
  });

  test('is true again, and for tokens nobody knows', async () => {
    const { refreshToken } = await logIn();
    expect(await logOut(refreshToken)).toBe(true);
    expect(await logOut(refreshToken)).toBe(true);
    expect(await logOut('B'.repeat(43))).toBe(true);
    expect(await logOut('')).toBe(true);
  });
});

describe('guests', () => {
  const account = (email: string) => ({
    input: { email, password: 'correct horse 1', firstName: 'Gus', lastName: 'Guest' },
  });
  const register = async (email: string, token?: string): Promise<SessionData> =>
    (
      await house.gql<{ register: SessionData }>(
        REGISTER,
        account(email),
        token === undefined ? {} : { token },
      )
    ).data.register;
  const guestId = (session: SessionData): string => {
    const viewer = authenticate(house.app, `Bearer ${session.accessToken}`);
    if (viewer.kind !== 'guest') throw new Error('no guest');
    return viewer.id;
  };
  const userId = (session: SessionData): string => requireId('User', session.user?.id ?? '');

  test('have a session without a user, which refreshes into the same guest', async () => {
    const first = await startGuest();
    expect(first.user).toBeNull();
    const second = await refreshed(first.refreshToken);
    expect(second.user).toBeNull();
    expect(guestId(second)).toBe(guestId(first));
  });

  test('who register keep their id, and their guest sessions end', async () => {
    const guest = await startGuest();
    const session = await register('gus@example.org', guest.accessToken);
    expect(userId(session)).toBe(guestId(guest));
    expect(await refresh(guest.refreshToken)).toEqual(ended);
    expect(await endReasonOf(guest.refreshToken)).toBe('REGISTERED');
    await refreshed(session.refreshToken);
  });

  test('who register eight times at once with one token become eight users, of whom one has the id', async () => {
    const guest = await startGuest();
    const sessions = await Promise.all(
      Array.from({ length: 8 }, (_, n) => register(`eight-${n}@example.org`, guest.accessToken)),
    );
    const ids = sessions.map(userId);
    expect(new Set(ids).size).toBe(8);
    expect(ids.filter((id) => id === guestId(guest))).toHaveLength(1);
  });

  test('who fail to register stay guests', async () => {
    await register('already@example.org');
    const guest = await startGuest();
    const refused = await house.gql(REGISTER, account('already@example.org'), {
      token: guest.accessToken,
      expectErrors: true,
    });
    expect(codeOf(refused)).toBe('EMAIL_TAKEN');
    await refreshed(guest.refreshToken);
  });

  test('a user who registers somebody else gives nothing away', async () => {
    const session = await logIn();
    const other = await register('somebody-else@example.org', session.accessToken);
    expect(userId(other)).not.toBe(userId(session));
    await refreshed(session.refreshToken);
  });
});

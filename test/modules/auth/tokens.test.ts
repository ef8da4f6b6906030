import { sign, type SignOptions } from 'jsonwebtoken';
import { DomainError } from '../../../src/errors';
import {
  ACCESS_TOKEN_SECONDS,
  authenticate,
  signAccessToken,
} from '../../../src/modules/auth/tokens';

const START = new Date('2027-03-01T12:00:00.000Z');

/** The little of the house that tokens need, with a clock to set. */
function signing(jwtSecret = 'a secret of at least thirty-two characters') {
  let now = START;
  return {
    jwtSecret,
    clock: { now: () => now, monotonicMs: () => now.getTime() },
    pass(seconds: number): void {
      now = new Date(now.getTime() + seconds * 1000);
    },
  };
}

const user = {
  kind: 'user',
  id: '01890000-0000-7000-8000-000000000001',
  platformAdmin: false,
} as const;
const guest = { kind: 'guest', id: '01890000-0000-7000-8000-000000000002' } as const;

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return undefined;
}

describe('a token of ours', () => {
  test.each([user, guest, { ...user, platformAdmin: true }])('speaks for $kind', (identity) => {
    const app = signing();
    const { token, expiresAt } = signAccessToken(app, identity);
    expect(expiresAt).toEqual(new Date('2027-03-01T12:15:00.000Z'));
    expect(authenticate(app, `Bearer ${token}`)).toEqual(identity);
  });

  test.each(['bearer', 'BEARER', ' Bearer', 'Bearer  '])(
    'the scheme may be written "%s"',
    (scheme) => {
      const app = signing();
      expect(authenticate(app, `${scheme} ${signAccessToken(app, user).token}`)).toEqual(user);
    },
  );

  test('lives for 15 minutes by our clock, whether or not it was seen before', () => {
    const app = signing();
    const seen = `Bearer ${signAccessToken(app, user).token}`;
    const unseen = `Bearer ${signAccessToken(app, guest).token}`;
    app.pass(ACCESS_TOKEN_SECONDS - 1);
    expect(authenticate(app, seen)).toEqual(user);
    app.pass(1);
    expect(codeOf(() => authenticate(app, seen))).toBe('UNAUTHENTICATED');
    expect(codeOf(() => authenticate(app, unseen))).toBe('UNAUTHENTICATED');
  });

  test('means nothing to a house with another secret, though this process knows it', () => {
    const app = signing();
    const authorization = `Bearer ${signAccessToken(app, user).token}`;
    expect(authenticate(app, authorization)).toEqual(user);
    const other = signing('another secret of thirty-two characters!');
    expect(codeOf(() => authenticate(other, authorization))).toBe('UNAUTHENTICATED');
    expect(authenticate(app, authorization)).toEqual(user);
  });
});

test.each([undefined, '', '   ', 'Bearer', 'Bearer '])('%p is nobody', (authorization) => {
  expect(authenticate(signing(), authorization)).toEqual({ kind: 'anonymous' });
});

describe('refused', () => {
  const iat = START.getTime() / 1000;
  const claims = {
    sub: user.id,
    kind: 'user',
    admin: true,
    iss: 'usher',
    aud: 'usher-api',
    iat,
    exp: iat + 600,
  };
  const { jwtSecret } = signing();
  const signed = (
    payload: object,
    secret = jwtSecret,
    options: SignOptions = { algorithm: 'HS256' },
  ) => `Bearer ${sign(payload, secret, options)}`;
  const without = (name: string) =>
    Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name));

  test('the forgeries below differ from a good token in one thing each', () => {
    expect(authenticate(signing(), signed(claims))).toEqual({ ...user, platformAdmin: true });
  });

  test.each([
    ['no signature (alg none)', `Bearer ${sign(claims, '', { algorithm: 'none' })}`],
    ['another secret', signed(claims, 'the secret of somebody else entirely, as long')],
    ['another algorithm', signed(claims, jwtSecret, { algorithm: 'HS512' })],
    ['another audience', signed({ ...claims, aud: 'somebody-else' })],
    ['another issuer', signed({ ...claims, iss: 'somebody-else' })],
    ['an unknown kind', signed({ ...claims, kind: 'robot' })],
    ['no end', signed(without('exp'))],
    ['no subject', signed(without('sub'))],
    ['a past end', signed({ ...claims, exp: iat })],
    ['no token at all', 'Bearer not-a-token'],
    ['two tokens', `${signed(claims)} ${signed(claims).slice(7)}`],
    ['another scheme', 'Basic YW5uOnNlY3JldA=='],
    ['no scheme', signed(claims).slice(7)],
    ['a megabyte', `Bearer ${'x'.repeat(1_000_000)}`],
  ])('%s', (_name, authorization) => {
    expect(codeOf(() => authenticate(signing(), authorization))).toBe('UNAUTHENTICATED');
  });

  test('changed claims under the old signature', () => {
    const app = signing();
    const [header, , signature] = signAccessToken(app, user).token.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claims, admin: true })).toString('base64url');
    expect(
      codeOf(() => authenticate(app, `Bearer ${header ?? ''}.${payload}.${signature ?? ''}`)),
    ).toBe('UNAUTHENTICATED');
  });
});

/** Operations that several tests of this folder send. */
export interface AccountData {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
}
export interface SessionData {
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken: string;
  refreshTokenExpiresAt: string;
  user: AccountData | null;
}
export interface MeData {
  me: AccountData | null;
}

const USER = 'id email firstName lastName';
const SESSION = `accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt user { ${USER} }`;

export const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) { ${SESSION} } }`;
export const LOGIN = `mutation ($input: LoginInput!) { login(input: $input) { ${SESSION} } }`;
export const REFRESH = `mutation ($token: String!) { refreshSession(refreshToken: $token) { ${SESSION} } }`;
export const LOGOUT = `mutation ($token: String!) { logout(refreshToken: $token) }`;
export const START_GUEST = `mutation { startGuestSession { ${SESSION} } }`;
export const ME = `{ me { ${USER} } }`;

/** The code of an answer's first error; undefined where it has none. */
export function codeOf(answer: {
  errors?: readonly { extensions?: Record<string, unknown> }[] | undefined;
}): unknown {
  return answer.errors?.[0] && (answer.errors[0].extensions?.['code'] ?? 'without a code');
}

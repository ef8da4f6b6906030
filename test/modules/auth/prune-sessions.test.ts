import { authJobs } from '../../../src/modules/auth/auth.jobs';
import type { Session } from '../../../src/modules/auth/session.entity';
import {
  logout,
  refreshSession,
  startGuestSession,
} from '../../../src/modules/auth/session.service';
import { authenticate } from '../../../src/modules/auth/tokens';
import { startHouse, type House } from '../../support/house';

const DAY = 24 * 60 * 60;
const HERE = '192.0.2.1';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(async () => {
  await house.close();
});

async function prune(): Promise<void> {
  const task = authJobs['prune-sessions'];
  if (task === undefined) throw new Error('no such job');
  await task(house.app, {});
}

function guestIdOf(session: Session): string {
  const viewer = authenticate(house.app, `Bearer ${session.accessToken}`);
  if (viewer.kind !== 'guest') throw new Error('not a guest');
  return viewer.id;
}

/** Whether the guest's row and its session's are there still. */
async function isKept(guestId: string): Promise<{ guest: boolean; session: boolean }> {
  const [row] = await house.app.db.query<{ guest: boolean; session: boolean }>(
    `SELECT EXISTS (SELECT FROM guests WHERE id = $1) AS guest,
            EXISTS (SELECT FROM session_families WHERE guest_id = $1) AS session`,
    [guestId],
  );
  if (row === undefined) throw new Error('no answer');
  return row;
}

const present = { guest: true, session: true };
const gone = { guest: false, session: false };

test('sessions are forgotten 30 days after they are over, with their guests; live ones never', async () => {
  const abandoned = await startGuestSession(house.app, HERE);
  const loggedOut = await startGuestSession(house.app, HERE);
  let live = await startGuestSession(house.app, HERE);
  await logout(house.app, loggedOut.refreshToken, HERE);
  const ids = {
    abandoned: guestIdOf(abandoned),
    loggedOut: guestIdOf(loggedOut),
    live: guestIdOf(live),
  };

  async function passSixDays(times: number): Promise<void> {
    for (let time = 1; time <= times; time++) {
      house.clock.advance(6 * DAY);
      live = await refreshSession(house.app, live.refreshToken, HERE);
    }
    await prune();
  }

  await passSixDays(4);
  expect(await isKept(ids.loggedOut)).toEqual(present);
  // Day 36: over for 36 days, and, for the one whose token expired on day 7, for 29.
  await passSixDays(2);
  expect(await isKept(ids.loggedOut)).toEqual(gone);
  expect(await isKept(ids.abandoned)).toEqual(present);
  await passSixDays(1);
  expect(await isKept(ids.abandoned)).toEqual(gone);
  expect(await isKept(ids.live)).toEqual(present);
  await refreshSession(house.app, live.refreshToken, HERE);
});

test('a spent token is known, and its reuse noticed, for as long as the next one lives', async () => {
  const first = await startGuestSession(house.app, HERE);
  house.clock.advance(6 * DAY);
  const second = await refreshSession(house.app, first.refreshToken, HERE);
  house.clock.advance(6 * DAY);
  await prune();
  const ended = { code: 'UNAUTHENTICATED' };
  await expect(refreshSession(house.app, first.refreshToken, HERE)).rejects.toMatchObject(ended);
  await expect(refreshSession(house.app, second.refreshToken, HERE)).rejects.toMatchObject(ended);
});

test('users stay when their sessions go', async () => {
  const { id } = await house.given.user();
  house.clock.advance(40 * DAY);
  await prune();
  const { data } = await house.gql<{ node: { id: string } | null }>(
    'query ($id: ID!) { node(id: $id) { id } }',
    { id },
    { token: (await house.given.admin()).token },
  );
  expect(data.node).toEqual({ id });
});

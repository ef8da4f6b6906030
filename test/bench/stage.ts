/** What benchmarks run against: servers of their own with fsync on, a built Usher as its own process. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../../src/app.types';
import { closeApp, createApp, migrate } from '../../src/app';
import { readConfig } from '../../src/config';
import { startEmbeddedPostgres } from '../../src/infra/embedded/postgres';
import { startEmbeddedRedis } from '../../src/infra/embedded/redis';
import { createLogger } from '../../src/infra/logger';
import { createEvent, publishEvent } from '../../src/modules/events/event.service';
import { createUser } from '../../src/modules/auth/account.service';
import { startGuestSession } from '../../src/modules/auth/session.service';
import { createOrganization } from '../../src/modules/organizations/organization.service';
import {
  DuplicateSeatPolicy,
  SeatingPlanFormat,
} from '../../src/modules/venues/seating-plan.entity';
import { importSeatingPlan } from '../../src/modules/venues/seating-plan.service';
import { createVenue } from '../../src/modules/venues/venue.service';
import { JWT_SECRET, startUsherProcess, type UsherProcess } from '../support/usher-process';
import type { Event } from '../../src/modules/events/event.entity';

export interface Stage {
  app: App;
  databaseUrl: string;
  redisUrls: string[];
  /** Starts a built Usher on these servers. */
  startApi(): Promise<UsherProcess>;
  /** A published event of `seats` seats in rows of 100, at one price. */
  event(title: string, seats: number): Promise<Event>;
  guestToken(): Promise<string>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'usher-bench-'));
  await chmod(dataDir, 0o711);
  const quiet = { dataDir, progress: () => undefined };
  const postgres = await startEmbeddedPostgres(quiet);
  const redis = await startEmbeddedRedis(quiet);
  const redisUrls = redis === undefined ? [] : [redis.url];
  const log = createLogger('warn');
  await migrate(postgres.url, log);
  const app = await createApp({
    config: readConfig({ RATE_LIMITS: 'off' }),
    databaseUrl: postgres.url,
    redisUrls,
    jwtSecret: JWT_SECRET,
    mockWebhookSecret: JWT_SECRET,
    publicUrl: () => 'http://127.0.0.1',
    log,
  });
  const owner = await createUser(app, {
    email: 'bench@example.org',
    password: 'Password123',
    firstName: 'B',
    lastName: 'B',
  });
  const organization = await createOrganization(app, owner, { name: 'Bench' });
  const venue = await createVenue(app, {
    organizationId: organization.id,
    name: 'Bench',
    timezone: 'UTC',
  });
  const plans = new Map<number, string>();
  const processes: UsherProcess[] = [];

  return {
    app,
    databaseUrl: postgres.url,
    redisUrls,
    startApi: async () => {
      const api = await startUsherProcess({
        databaseUrl: postgres.url,
        redisUrls,
        role: 'api',
        // As operators run it; graphql-js checks every instance twice otherwise.
        env: { NODE_ENV: 'production' },
      });
      processes.push(api);
      return api;
    },
    event: async (title, seats) => {
      const seatingPlanId = plans.get(seats) ?? (await importPlan(app, venue.id, seats));
      plans.set(seats, seatingPlanId);
      const event = await createEvent(app, {
        organizationId: organization.id,
        seatingPlanId,
        title,
        description: '',
        startsAt: new Date(Date.now() + 30 * 86_400_000),
        doorsAt: null,
        endsAt: null,
        salesStartAt: null,
        salesEndAt: null,
        currency: 'EUR',
        ticketTypes: [{ key: 'standard', name: 'Standard' }],
        prices: [{ categoryKey: 'all', ticketTypeKey: null, priceMinor: 1000 }],
        holdSeconds: 600,
        seatsPerReservationMax: 10,
        oneBookingPerCustomer: false,
        forbidOrphanSeats: false,
      });
      return publishEvent(app, event.id);
    },
    guestToken: async () => (await startGuestSession(app, '127.0.0.1')).accessToken,
    close: async () => {
      await Promise.all(processes.map((each) => each.stop()));
      await closeApp(app);
      await redis?.stop();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function importPlan(app: App, venueId: string, seats: number): Promise<string> {
  const rows = Array.from({ length: Math.ceil(seats / 100) }, (_row, y) => ({
    name: String(y + 1),
    seats: Array.from({ length: Math.min(100, seats - 100 * y) }, (_seat, x) => ({
      number: String(x + 1),
      x: 25 * x,
      y: 30 * y,
    })),
  }));
  const document = JSON.stringify({
    usher: 1,
    name: `${seats} seats`,
    categories: [{ key: 'all', name: 'All' }],
    sections: [{ key: 'floor', name: 'Floor', category: 'all', rows }],
  });
  const { seatingPlan } = await importSeatingPlan(app, {
    venueId,
    format: SeatingPlanFormat.USHER,
    document,
    duplicateSeats: DuplicateSeatPolicy.REJECT,
  });
  return seatingPlan.id;
}

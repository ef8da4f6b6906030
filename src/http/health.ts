/** What operators and load balancers ask. */
import type { FastifyInstance } from 'fastify';
import type { App } from '../app.types';
import { outboxAlerts } from '../outbox/alerts';

const PROBE_MS = 2_000;
/** Limits past which `/health/alerts` speaks up. */
const JOB_LAG_SECONDS_MAX = 60;
const SWEEP_LAG_SECONDS_MAX = 10;
const CATCH_UP_SECONDS_MAX = 3;

export interface Readiness {
  /** `undefined` where this process does no background work. */
  workersAlive: () => boolean | undefined;
  draining: () => boolean;
}

type Check = { ok: boolean; detail?: string };

export function registerHealth(server: FastifyInstance, app: App, readiness: Readiness): void {
  server.get('/health/live', () => ({ status: 'ok' }));

  server.get('/health/ready', async (_request, reply) => {
    const checks: Record<string, Check> = {
      database: await probe(async () => {
        await app.db.query('SELECT 1');
      }),
      migrations: await probe(async () => {
        if (await app.db.orm.showMigrations())
          throw new Error('migrations are pending: npm run db:migrate');
      }),
      // Without Redis the house still holds and sells, and maps lag by a second: it stays open.
      redis: redisCheck(app),
      workers: workersCheck(readiness.workersAlive()),
    };
    const ready =
      !readiness.draining() &&
      checks['database']?.ok === true &&
      checks['migrations']?.ok === true &&
      checks['workers']?.ok === true;
    const status = !ready ? 'unavailable' : checks['redis']?.ok === true ? 'ok' : 'degraded';
    return reply.code(ready ? 200 : 503).send({ status, checks });
  });

  server.get('/health/alerts', async (_request, reply) => {
    const alerts = await alertsOf(app, readiness);
    return reply.code(alerts.length === 0 ? 200 : 503).send({ alerts });
  });

  server.get('/metrics', async (_request, reply) =>
    reply.type(app.metrics.registry.contentType).send(await app.metrics.registry.metrics()),
  );
}

async function probe(work: () => Promise<void>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${PROBE_MS} ms`)), PROBE_MS);
    });
    await Promise.race([work(), late]);
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

function redisCheck(app: App): Check {
  if (app.redis === undefined)
    return { ok: true, detail: 'not configured: live updates stay in this process' };
  return app.redis.isUp
    ? { ok: true }
    : { ok: false, detail: 'away: live updates come from the change log' };
}

function workersCheck(alive: boolean | undefined): Check {
  if (alive === undefined) return { ok: true, detail: 'off in this process' };
  return alive ? { ok: true } : { ok: false, detail: 'no ticker has done its work for 30 s' };
}

async function alertsOf(
  app: App,
  readiness: Readiness,
): Promise<{ alert: string; detail: string }[]> {
  const alerts: { alert: string; detail: string }[] = [];
  const database = await probe(async () => {
    await app.db.query('SELECT 1');
  });
  if (!database.ok) alerts.push({ alert: 'database', detail: database.detail ?? '' });
  else for (const detail of await outboxAlerts(app)) alerts.push({ alert: 'outbox-lag', detail });
  const redis = redisCheck(app);
  if (!redis.ok) alerts.push({ alert: 'redis', detail: redis.detail ?? '' });
  const workers = workersCheck(readiness.workersAlive());
  if (!workers.ok) alerts.push({ alert: 'workers', detail: workers.detail ?? '' });
  const lags = [
    { alert: 'job-lag', gauge: app.metrics.jobLag, most: JOB_LAG_SECONDS_MAX },
    { alert: 'sweep-lag', gauge: app.metrics.sweepLag, most: SWEEP_LAG_SECONDS_MAX },
    { alert: 'live-lag', gauge: app.metrics.catchUpLag, most: CATCH_UP_SECONDS_MAX },
  ];
  for (const { alert, gauge, most } of lags) {
    const seconds = (await gauge.get()).values[0]?.value ?? 0;
    if (seconds > most)
      alerts.push({ alert, detail: `${seconds.toFixed(1)} s behind; the limit is ${most} s` });
  }
  const overdue = (await app.metrics.overdueBookings.get()).values[0]?.value ?? 0;
  if (overdue > 0) {
    const detail = `${overdue} should have been decided by now; is a payment provider away?`;
    alerts.push({ alert: 'bookings-overdue', detail });
  }
  const people = [
    { alert: 'refunds-failed', gauge: app.metrics.refundsFailed, what: 'refused by the provider' },
    { alert: 'disputes', gauge: app.metrics.paymentsDisputed, what: 'claimed back by a bank' },
  ];
  for (const { alert, gauge, what } of people) {
    const many = (await gauge.get()).values[0]?.value ?? 0;
    if (many > 0) alerts.push({ alert, detail: `${many} ${what}: somebody has to look` });
  }
  for (const { labels, value } of (await app.metrics.providerBreaker.get()).values) {
    if (value > 0) {
      const detail = `${labels.provider}: its last ${labels.calls} came to nothing, and new ones are put off`;
      alerts.push({ alert: 'payment-provider', detail });
    }
  }
  return alerts;
}

import type { App } from '../app.types';
import { sinkState } from './relay.sql';

/** Past this `/health/alerts` speaks up. */
const LAG_SECONDS_MAX = 60;

/** Whoever is to get every fact, by this house's configuration. */
export function sinkNames({ kafka }: Pick<App, 'kafka'>): string[] {
  return kafka === undefined ? ['webhooks'] : ['webhooks', 'kafka'];
}

/** One sentence for each sink that is behind. Any process can tell: the database knows. */
export async function outboxAlerts(app: App): Promise<string[]> {
  const alerts: string[] = [];
  for (const name of sinkNames(app)) {
    const { oldestMissing, lastError } = (await sinkState(app.db, name)) ?? {};
    // By the machine's clock, as the rows are.
    const seconds = oldestMissing ? (Date.now() - oldestMissing.getTime()) / 1000 : 0;
    if (seconds <= LAG_SECONDS_MAX) continue;
    const why = lastError ? ` (${lastError})` : '';
    alerts.push(`${name}: ${seconds.toFixed(0)} s behind${why}; the limit is ${LAG_SECONDS_MAX} s`);
  }
  return alerts;
}

/**
 * npm run load -- [--url http://127.0.0.1:4000]... [--scenario storm|herd|churn] [--seconds 20] [--buyers 50]
 *
 * A crowd against a running Usher, on an event made for it; prints throughput, latencies, outcomes by
 * kind, and the audit's verdict. Start that Usher with RATE_LIMITS=off, or the limits are what you
 * measure. Logs in as the demo's owner and admin unless --owner, --admin and --password say otherwise.
 * Exits with 1 when the audit finds anything.
 */
import { parseArgs } from 'node:util';
import { churn, herd, storm } from './scenarios';
import { logIn, makeEvent, makeGuests } from './stage';
import { Target } from './target';

const SECONDS_MAX = 600;
const BUYERS_MAX = 2_000;

const { values } = parseArgs({
  options: {
    url: { type: 'string', multiple: true, default: ['http://127.0.0.1:4000'] },
    scenario: { type: 'string', default: 'storm' },
    seconds: { type: 'string', default: '20' },
    buyers: { type: 'string', default: '50' },
    owner: { type: 'string', default: 'owner@usher.test' },
    admin: { type: 'string', default: 'admin@usher.test' },
    password: { type: 'string', default: 'Password123' },
  },
});

async function main(): Promise<void> {
  const seconds = Math.min(Number(values.seconds), SECONDS_MAX);
  const target = new Target(values.url);
  const ownerToken = await logIn(target, values.owner, values.password);
  const adminToken = await logIn(target, values.admin, values.password);
  const buyers = await makeGuests(target, Math.min(Number(values.buyers), BUYERS_MAX));
  const startedAt = performance.now();
  let eventId: string;
  if (values.scenario === 'storm') {
    const event = await makeEvent(target, ownerToken, { rows: 1, seatsInRow: 10, holdSeconds: 60 });
    await storm(target, event, buyers, seconds);
    eventId = event.id;
  } else if (values.scenario === 'herd') {
    const event = await makeEvent(target, ownerToken, {
      rows: 40,
      seatsInRow: 50,
      holdSeconds: 60,
    });
    await herd(target, event, buyers, 4);
    eventId = event.id;
  } else if (values.scenario === 'churn') {
    const event = await makeEvent(target, ownerToken, { rows: 6, seatsInRow: 10, holdSeconds: 2 });
    await churn(target, event, buyers, seconds);
    eventId = event.id;
  } else {
    throw new Error(`there is no scenario ${values.scenario}: take storm, herd or churn`);
  }
  for (const line of target.tally.lines((performance.now() - startedAt) / 1000)) console.log(line);
  const findings = await target.needList(
    'query ($id: ID) { audit(eventId: $id) { invariant detail } }',
    { id: eventId },
    adminToken,
  );
  for (const finding of findings) console.log(`BROKEN ${JSON.stringify(finding)}`);
  console.log(
    findings.length === 0
      ? 'The audit finds nothing: all is well.'
      : `The audit finds ${findings.length}.`,
  );
  if (findings.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});

/**
 * npm run load: a crowd against a running Usher, on events made for it; prints throughput, latencies,
 * outcomes by kind, and the audit's verdict. Start that Usher with RATE_LIMITS=off, or the limits are what
 * you measure. Exits with 1 when the audit finds anything, with 2 when there was no run.
 */
import { readOptions, USAGE, type LoadOptions } from './options';
import { churn, herd, storm } from './scenarios';
import { logIn, makeEvent, makeGuests, type LoadEvent } from './stage';
import { Target } from './target';

/** The end of a herd: so many parties on so few seats. */
const LATE_PARTIES = 30;
const LAST_SEATS = 47;

/** Plays the scenario, and answers the events to audit. */
async function play(
  target: Target,
  options: LoadOptions,
  ownerToken: string,
  buyers: readonly string[],
): Promise<LoadEvent[]> {
  const open = (rows: number, seatsInRow: number, holdSeconds: number): Promise<LoadEvent> =>
    makeEvent(target, ownerToken, { rows, seatsInRow, holdSeconds });
  if (options.scenario === 'herd') {
    const [hall, room] = [await open(40, 50, 60), await open(1, LAST_SEATS, 60)];
    await herd(target, hall, buyers, 4);
    await herd(target, room, buyers.slice(0, LATE_PARTIES), 2);
    return [hall, room];
  }
  const churning = options.scenario === 'churn';
  const event = churning ? await open(6, 10, 2) : await open(1, 10, 60);
  await (churning ? churn : storm)(target, event, buyers, options.seconds);
  return [event];
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const target = new Target(options.urls);
  const ownerToken = await logIn(target, options.owner, options.password);
  const adminToken = await logIn(target, options.admin, options.password);
  const buyers = await makeGuests(target, options.buyers);
  const startedAt = performance.now();
  const events = await play(target, options, ownerToken, buyers);
  for (const line of target.tally.lines((performance.now() - startedAt) / 1000)) console.log(line);
  const findings: unknown[] = [];
  for (const { id } of events) {
    const query = 'query ($id: ID) { audit(eventId: $id) { invariant detail } }';
    findings.push(...(await target.needList(query, { id }, adminToken)));
  }
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
  console.error('npm run load -- --help tells the options.');
  process.exitCode = 2;
});

/**
 * npm run bench:outbox: what it costs a hold to write its domain event in its own transaction. Holds on
 * one hot event by pgbench, in turns with the event (hold_seats) and by the same function without the
 * lines that write it; prints the ratio of the medians.
 */
import 'reflect-metadata';
import type { Database } from '../../src/infra/database';
import { median, pgbench, preparePgbench } from './pgbench';
import { openStage } from './stage';

const ROUNDS = 4;
const SECONDS = 3;

const WITHOUT_EVENT = 'hold_seats_without_event';
const WRITING_IT = /, fact AS \([\s\S]*?\n {4}\)(?=\n {4}SELECT)/;

/** hold_seats under another name, without the part of its statement that writes the event. */
async function makeWithoutEvent(db: Database): Promise<void> {
  const [row] = await db.query<{ definition: string }>(
    `SELECT pg_get_functiondef('hold_seats'::regproc) AS definition`,
  );
  const whole = row?.definition ?? '';
  const silent = whole.replace(WRITING_IT, '');
  if (silent === whole) throw new Error('hold_seats writes its event otherwise than is known here');
  await db.query(silent.replace('.hold_seats(', `.${WITHOUT_EVENT}(`));
}

async function main(): Promise<void> {
  const stage = await openStage();
  try {
    await makeWithoutEvent(stage.app.db);
    const without: number[] = [];
    const withEvent: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await preparePgbench(stage, [await stage.event(`Bench, hot ${round}`, 100_000)]);
      await pgbench(stage, 1);
      without.push(await pgbench(stage, SECONDS, WITHOUT_EVENT));
      withEvent.push(await pgbench(stage, SECONDS, 'hold_seats'));
    }
    console.log(`without: ${without.map(Math.round).join(', ')} holds/s`);
    console.log(`with:    ${withEvent.map(Math.round).join(', ')} holds/s`);
    console.log(
      `with the event, ${(median(withEvent) / median(without)).toFixed(2)} times as many holds`,
    );
  } finally {
    await stage.close();
  }
}

void main();

/**
 * npm run bench:outbox: what it costs a hold to write its domain event in its own transaction. Holds on
 * one hot event by pgbench, in turns without the event (claim_seats) and with it (hold_seats); prints
 * the ratio of the medians.
 */
import 'reflect-metadata';
import { median, pgbench, preparePgbench } from './pgbench';
import { openStage } from './stage';

const ROUNDS = 4;
const SECONDS = 3;

async function main(): Promise<void> {
  const stage = await openStage();
  try {
    const without: number[] = [];
    const withEvent: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await preparePgbench(stage, [await stage.event(`Bench, hot ${round}`, 100_000)]);
      await pgbench(stage, 1);
      without.push(await pgbench(stage, SECONDS, 'claim_seats'));
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

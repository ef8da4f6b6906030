/**
 * npm run bench:foreign-key: what a foreign key from reservations to events would cost. Holds on one hot
 * event by pgbench, in turns without and with it; prints the ratio of the medians.
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
    const withKey: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await preparePgbench(stage, [await stage.event(`Bench, hot ${round}`, 100_000)]);
      await pgbench(stage, 1);
      without.push(await pgbench(stage, SECONDS));
      await stage.app.db.query(
        'ALTER TABLE reservations ADD CONSTRAINT fk_bench FOREIGN KEY (event_id) REFERENCES events (id) NOT VALID',
      );
      withKey.push(await pgbench(stage, SECONDS));
      await stage.app.db.query('ALTER TABLE reservations DROP CONSTRAINT fk_bench');
    }
    console.log(`without: ${without.map(Math.round).join(', ')} holds/s`);
    console.log(`with:    ${withKey.map(Math.round).join(', ')} holds/s`);
    console.log(
      `with the key, ${(median(withKey) / median(without)).toFixed(2)} times as many holds`,
    );
  } finally {
    await stage.close();
  }
}

void main();

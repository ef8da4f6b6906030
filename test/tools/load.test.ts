/** npm run load against a running house, as an operator calls it. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { seedDemo } from '../../src/tools/demo';
import { startHouse, type House } from '../support/house';

const ROOT = resolve(__dirname, '../..');
const run = promisify(execFile);

let house: House;
beforeAll(async () => {
  house = await startHouse();
  await seedDemo(house.app, () => undefined);
}, 120_000);
afterAll(() => house.close());

const load = (...options: string[]): Promise<{ stdout: string }> =>
  run(
    process.execPath,
    [
      join(ROOT, 'scripts/run.mjs'),
      join(ROOT, 'src/tools/load/main.ts'),
      '--url',
      house.url,
      '--seconds',
      '1',
      ...options,
    ],
    { cwd: ROOT },
  );

test.each([
  ['storm', 'hold: Reservation'],
  ['herd', 'hold best: Reservation'],
  ['churn', 'hold: Reservation'],
])(
  'a %s tells throughput, latencies, answers by kind and the verdict of the audit',
  async (scenario, kind) => {
    const { stdout } = await load('--scenario', scenario, '--buyers', '10');
    expect(stdout).toMatch(/^\d+ operations in [\d.]+ s: \d+\/s$/m);
    expect(stdout).toMatch(/^latency ms: p50 [\d.]+, p95 [\d.]+, p99 [\d.]+, max [\d.]+$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}${kind} \\d+$`, 'm'));
    expect(stdout).toMatch(/^The audit finds nothing: all is well\.$/m);
  },
  60_000,
);

test('an unknown scenario is refused by name', async () => {
  await expect(load('--scenario', 'picnic')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no scenario picnic') as unknown,
  });
}, 60_000);

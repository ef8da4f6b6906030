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

test('a herd ends with thirty parties on the last seats', async () => {
  const { stdout } = await load('--scenario', 'herd', '--buyers', '40');
  expect(stdout).toMatch(/^70 operations in /m);
  // Two each of 47.
  expect(stdout).toMatch(/^ {2}hold best: Reservation 63$/m);
  expect(stdout).toMatch(/^ {2}hold best: SeatsUnavailable 7$/m);
  expect(stdout).toMatch(/^The audit finds nothing: all is well\.$/m);
}, 60_000);

test.each([
  ['there is no scenario picnic', ['--scenario', 'picnic']],
  ['--seconds soon: must be a whole number from 1 to 600', ['--seconds', 'soon']],
  ['--buyers 0: must be a whole number from 1 to 2000', ['--buyers', '0']],
  ['--url nowhere: is not an address', ['--url', 'nowhere']],
  ["Unknown option '--buyer'", ['--buyer', '5']],
])(
  'what cannot be run is refused, and no verdict is told: %s',
  async (stderr, options) => {
    await expect(load(...options)).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(stderr) as unknown,
    });
  },
  60_000,
);

test('where no Usher answers, the address is told', async () => {
  const nobody = [join(ROOT, 'src/tools/load/main.ts'), '--url', 'http://127.0.0.1:9'];
  await expect(
    run(process.execPath, [join(ROOT, 'scripts/run.mjs'), ...nobody], { cwd: ROOT }),
  ).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no Usher answers at http://127.0.0.1:9') as unknown,
  });
}, 60_000);

test('it tells its options', async () => {
  const { stdout } = await load('--help');
  expect(stdout).toContain('--scenario NAME');
}, 60_000);

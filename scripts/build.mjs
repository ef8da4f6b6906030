// Compiles src/ and migrations/ into dist/ with swc (types are checked by `npm run check`), and the
// web pages with Vite. Skips what is newer than its sources, so that a second start is quick.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** True when `stamp` is newer than every source, so that there is nothing to do. */
function isFresh(stamp, sources) {
  if (!existsSync(stamp)) return false;
  const builtAt = statSync(stamp).mtimeMs;
  return sources.every((file) => statSync(file).mtimeMs < builtAt);
}

function stamp(file) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, new Date().toISOString());
}

function buildServer() {
  const sources = ['src', 'migrations'].flatMap((folder) => filesBelow(join(root, folder)));
  const inputs = [
    ...sources,
    join(root, '.swcrc'),
    join(root, 'package.json'),
    fileURLToPath(import.meta.url),
  ];
  const done = join(root, 'dist', '.server-built');
  if (isFresh(done, inputs)) return;
  process.stdout.write('Building the server … ');
  const { transformFileSync } = require('@swc/core');
  for (const folder of ['src', 'migrations']) {
    rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  }
  for (const file of sources.filter((name) => name.endsWith('.ts'))) {
    const target = join(root, 'dist', relative(root, file)).replace(/\.ts$/, '.js');
    const { code, map } = transformFileSync(file, { swcrc: true, sourceMaps: true });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, `${code}\n//# sourceMappingURL=${target.split('/').pop()}.map\n`);
    writeFileSync(`${target}.map`, map);
  }
  stamp(done);
  console.log('done');
}

function buildWeb() {
  const sources = filesBelow(join(root, 'web'));
  if (sources.length === 0) return;
  const done = join(root, 'dist', '.web-built');
  if (isFresh(done, [...sources, join(root, 'package.json')])) return;
  process.stdout.write('Building the web pages (only on the first start, up to a minute) … ');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  for (const config of ['web/vite.config.mjs', 'web/widget.config.mjs']) {
    const result = spawnSync(
      process.execPath,
      [vite, 'build', '--config', config, '--logLevel', 'warn'],
      { cwd: root, encoding: 'utf8' },
    );
    if (result.status !== 0) {
      console.log('failed');
      throw new Error(result.stdout + result.stderr);
    }
  }
  stamp(done);
  console.log('done');
}

/** A build that takes longer has hung, and the next one goes ahead. */
const BUILD_MS_MAX = 5 * 60_000;
const POLL_MS = 100;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs `work` while no other process builds here: two starts at once would empty each other's folders. */
function alone(work) {
  const lock = join(root, 'dist', '.building');
  const waitUntil = Date.now() + BUILD_MS_MAX;
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let holder = '';
    try {
      holder = readFileSync(lock, 'utf8');
    } catch {
      // The other build has ended between the two looks.
    }
    // Empty for the moment between the file's making and its filling.
    const left = holder !== '' && !isAlive(Number(holder));
    if (left || Date.now() > waitUntil) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Builds whatever is out of date; an installation without the build tools is taken to be built. */
export function build() {
  if (!existsSync(join(root, 'node_modules', '@swc', 'core'))) return;
  alone(() => {
    buildServer();
    buildWeb();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();

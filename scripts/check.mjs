// npm run check: everything that can be told without running Usher. All steps run, two at a time,
// even when one has failed; the exit code is 1 if any did.
//   node scripts/check.mjs [NAME ...]   only these steps
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Most of a step is waiting for one core; a third would only slow the two down. */
const LANES = 2;
/** A step that takes longer has hung. */
const STEP_MS_MAX = 400_000;
const TEXT_BYTES_MAX = 2_000_000;
const FINDINGS_MAX = 50;

/** Names of one machine, or of wherever packages were fetched from: neither is true elsewhere. */
const strangers = [
  {
    what: 'a path of somebody’s machine',
    pattern: /(?<![\w.~-])\/(?:home|Users|root|work)\/[\w.-]+/,
  },
  {
    what: 'a package registry',
    pattern:
      /\bregistry\.[a-z0-9-]+\.[a-z]{2,}|\/\/[\w.-]*(?:artifactory|verdaccio|nexus)[\w.-]*\//,
  },
];

function committedFiles() {
  // With files that are new and not ignored, so that the check is as strict before a commit as after.
  const list = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (list.status !== 0) throw new Error(`git ls-files failed: ${list.stderr || list.error}`);
  return list.stdout.split('\0').filter((name) => name !== '' && existsSync(join(root, name)));
}

/** Looks through every committed text; returns one line for each finding. */
function findStrangers() {
  const found = [];
  for (const name of committedFiles()) {
    const content = readFileSync(join(root, name));
    if (content.length > TEXT_BYTES_MAX || content.includes(0)) continue; // a picture or the like
    for (const [index, line] of content.toString('utf8').split('\n').entries()) {
      for (const { what, pattern } of strangers) {
        if (pattern.test(line)) found.push(`${name}:${index + 1} names ${what}: ${line.trim()}`);
      }
    }
  }
  return found;
}

/** Whether `name` stands in the lock file where Node would look for it from the package at `path`. */
function isLocked(packages, path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (`${at}${at === '' ? '' : '/'}node_modules/${name}` in packages) return true;
    if (at === '') return false;
  }
}

/** What makes `npm ci` fail, or go elsewhere, on a machine that is not the one that wrote the lock. */
function findLockFaults() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).flatMap(([path, { resolved, optionalDependencies = {} }]) => [
    ...(resolved === undefined ? [] : [`${path} says where it was fetched from`]),
    // npm leaves out a platform's package that its registry does not have, and `npm ci` then refuses.
    ...Object.keys(optionalDependencies)
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${path} may need ${name}, which has no entry`),
  ]);
}

/** A step made of a function that returns one line for each finding. */
const findings = (find) => async () => {
  const lines = find();
  const shown = lines.slice(0, FINDINGS_MAX);
  if (lines.length > shown.length) shown.push(`and ${lines.length - shown.length} more`);
  return { passed: lines.length === 0, output: shown.join('\n') };
};

/** A step that runs a program of Node's; `file` is relative to the root. */
function node(file, ...args) {
  return () =>
    new Promise((resolve) => {
      let output = '';
      const child = spawn(process.execPath, [join(root, file), ...args], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: STEP_MS_MAX,
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => (output += text));
      }
      child.on('error', (error) => resolve({ passed: false, output: String(error) }));
      child.on('close', (code, signal) => {
        if (signal !== null)
          output += `\nended by ${signal} after ${STEP_MS_MAX / 1000} s or less\n`;
        resolve({ passed: code === 0, output });
      });
    });
}

const tsc = 'node_modules/typescript/bin/tsc';
/** The longest first, so that no lane is left alone with it at the end. */
const steps = [
  ['lint', node('node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.')],
  ['format', node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['types', node(tsc, '--noEmit', '-p', '.')],
  ['types of the pages', node(tsc, '--noEmit', '-p', 'web')],
  ['schemas', node('scripts/run.mjs', 'src/tools/print-schemas.ts', '--check')],
  [
    'generated types',
    node('node_modules/@graphql-codegen/cli/cjs/bin.js', '--config', 'codegen.yml', '--check'),
  ],
  [
    'import order',
    node(
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'migrations',
    ),
  ],
  ['unused code', node('node_modules/knip/bin/knip.js', '--no-progress')],
  ['no machine is named', findings(findStrangers)],
  ['lock file', findings(findLockFaults)],
];

const seconds = (ms) => `${(ms / 1000).toFixed(1).padStart(6)} s`;

async function runLane(queue, failures) {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const [name, run] = step;
    const startedAt = performance.now();
    const { passed, output } = await run();
    console.log(
      `${passed ? 'passed' : 'FAILED'} ${seconds(performance.now() - startedAt)}  ${name}`,
    );
    if (!passed) failures.push({ name, output });
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !steps.some(([known]) => known === name));
if (unknown.length > 0) {
  console.error(
    `There is no step ${unknown.join(', ')}; there are: ${steps.map(([name]) => name).join(', ')}`,
  );
  process.exit(2);
}
const startedAt = performance.now();
const queue = wanted.length === 0 ? [...steps] : steps.filter(([name]) => wanted.includes(name));
const count = queue.length;
const failures = [];
await Promise.all(Array.from({ length: LANES }, () => runLane(queue, failures)));
for (const { name, output } of failures) console.log(`\n--- ${name}\n${output.trimEnd()}`);
console.log(
  `\n${count - failures.length} of ${count} checks passed in ${seconds(performance.now() - startedAt).trim()}`,
);
process.exitCode = failures.length > 0 ? 1 : 0;

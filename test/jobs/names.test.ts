/** A job whose name no worker knows waits for ever, and says so only as a growing lag. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { work } from '../../src/registry';

const src = join(__dirname, '../../src');
const ENQUEUED = /\.enqueue\(\s*[\w.]+,\s*'([\w-]+)'/g;

function namesIn(text: string): string[] {
  return [...text.matchAll(ENQUEUED)].map(([, name = '']) => name);
}

const enqueued = new Set(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => namesIn(readFileSync(join(src, file), 'utf8'))),
);

it('does whatever is enqueued', () => {
  expect(enqueued).toContain('send-mail');
  expect([...enqueued].filter((name) => !(name in work.tasks))).toEqual([]);
});

it('does whatever is scheduled', () => {
  const scheduled = work.schedule.split('\n').map((line) => line.split(' ').at(-1) ?? '');
  expect(scheduled.filter((name) => !(name in work.tasks))).toEqual([]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(__dirname, '../..');
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

it('CONTRIBUTING.md explains every command there is, and none that there is not', () => {
  const named = [...contributing.matchAll(/npm (?:run )?([a-z][\w:-]*)/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'ci' && name !== 'bench:');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const own = Object.keys(scripts).filter((name) => !name.startsWith('bench:'));
  expect(own.filter((name) => !named.includes(name))).toEqual([]);
});

it('docs/adr/README.md lists every decision under its title', () => {
  const folder = join(root, 'docs/adr');
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  const files = readdirSync(folder).filter((name) => /^\d/.test(name));
  const unlisted = files.filter((name) => {
    const [, number = '', title = ''] =
      /^# (\d+)\. (.+)$/m.exec(readFileSync(join(folder, name), 'utf8')) ?? [];
    return !(name.startsWith(number.padStart(4, '0')) && index.includes(`[${title}](${name})`));
  });
  expect(unlisted).toEqual([]);
});

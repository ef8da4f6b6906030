/** Reads the tour out of README.md, by the marks that the README itself explains to its readers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

export interface TourStep {
  /** The operation's name. */
  name: string;
  /** Whose token goes into the headers, if anybody's. */
  as: string | undefined;
  /** Names of values the answer holds, with their paths in it. */
  keeps: { name: string; path: string[] }[];
  source: string;
}

export function readTour(): TourStep[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return [...readme.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, source = '']) => ({
    name: /^(?:query|mutation|subscription) (\w+)/m.exec(source)?.[1] ?? 'nameless',
    as: /^# as (\w+)$/m.exec(source)?.[1],
    keeps: [...source.matchAll(/^# keep (\w+): ([\w.]+)$/gm)].map(([, name = '', path = '']) => ({
      name,
      path: path.split('.'),
    })),
    source,
  }));
}

/** Puts kept values, and files of the repository, where the block names them. */
export function fillIn(source: string, kept: ReadonlyMap<string, string>): string {
  return source.replace(/<([\w./-]+)>/g, (_, name: string) => {
    if (name.endsWith('.json')) return readFileSync(join(root, name), 'utf8');
    const value = kept.get(name);
    if (value === undefined) throw new Error(`the tour uses <${name}> before it is kept`);
    return value;
  });
}

export function valueAt(data: unknown, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key],
    data,
  );
  if (typeof value !== 'string') throw new Error(`the answer has no text at ${path.join('.')}`);
  return value;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ZodObject, ZodType } from 'zod';
import { DOMAIN_EVENTS } from '../../src/outbox/domain-events';

const text = readFileSync(join(__dirname, '../../docs/events.md'), 'utf8');

/** As the table in docs/events.md writes them: a question mark for what may be absent. */
function fieldsOf(shape: ZodObject): string {
  return Object.entries(shape.shape as Record<string, ZodType>)
    .map(([name, field]) => `\`${name}${field.safeParse(undefined).success ? '?' : ''}\``)
    .join(', ');
}

it('docs/events.md lists the types, their versions and their data as they are', () => {
  const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| (\d+) \| [^|]+ \| ([^|]+) \|$/gm)];
  expect(rows.map(([, type, version, data]) => [type, Number(version), data])).toEqual(
    Object.entries(DOMAIN_EVENTS).map(([type, { version, data }]) => [
      type,
      version,
      fieldsOf(data),
    ]),
  );
});

it('the example of docs/events.md has the shape it tells of', () => {
  const [, example = ''] = /```json\n(\{[^]*?\n\})\n```/.exec(text) ?? [];
  const { type, schemaVersion, data } = JSON.parse(example) as {
    type: 'booking.confirmed';
    schemaVersion: number;
    data: unknown;
  };
  expect(schemaVersion).toBe(DOMAIN_EVENTS[type].version);
  expect(DOMAIN_EVENTS[type].data.parse(data)).toEqual(data);
});

import {
  importSeatingPlanDocument,
  type PlanDocumentFormat,
} from '../../../src/modules/venues/importers/import-document';
import { problemsOf } from './refusals';

const formats: PlanDocumentFormat[] = ['USHER', 'PRETIX', 'SEATSIO'];

describe.each(formats)('documents that are no plans, as %s', (format) => {
  const refusal = (document: string, name?: string) =>
    problemsOf(() =>
      importSeatingPlanDocument(format, document, { name, duplicateSeats: 'REJECT' }),
    );

  it.each([
    ['nothing', '', 'is not JSON'],
    ['half of an object', '{"name": "x"', 'is not JSON'],
    ['XML', '<plan/>', 'is not JSON'],
    ['an array', '[]', 'must be a JSON object, not an array'],
    ['null', 'null', 'must be a JSON object, not null'],
    ['a number', '1e400', 'must be a JSON object, not a number'],
    ['a string', '"plan"', 'must be a JSON object, not a string'],
    ['a million brackets', '['.repeat(1_000_000), 'is not JSON'],
    [
      'a deep array',
      '['.repeat(500_000) + ']'.repeat(500_000),
      'must be a JSON object, not an array',
    ],
  ])('refuses %s', (_, document, message) => {
    const problems = refusal(document);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toBe('document');
    expect(problems[0]?.message).toContain(message);
  });

  it('refuses an empty object by naming what is missing', () => {
    const paths = refusal('{}').map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['document.name', 'document.categories']));
  });

  it('survives nesting below a key, and keys that are names of the language', () => {
    const nested = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
    const document = `{"__proto__": {"name": "x"}, "constructor": 1, "toString": 2, "name": ${nested}}`;
    expect(refusal(document).map(({ path }) => path)).toContain('document.name');
    expect(({} as Record<string, unknown>)['name']).toBeUndefined();
  });

  it('counts bytes, not characters, against 8 MB', () => {
    const problems = refusal(`"${'ä'.repeat(4 * 1024 * 1024)}"`);
    expect(problems[0]?.message).toMatch(/has 8388610 bytes; a document may have at most 8 MB/);
  });

  it('refuses names that cannot be stored, given beside the document', () => {
    for (const name of ['', '   ', 'a\0b', '\ud800', 'x'.repeat(201)]) {
      expect(refusal('{}', name)[0]?.path).toBe('name');
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import {
  documentSchema,
  printPlanSchema,
} from '../../../src/modules/venues/importers/usher-schema';
import { conferencePlan } from '../../../src/tools/demo-plans/halls';
import { expectSoundPlan } from './plan-invariants';
import { spoiled } from './plan-arbitraries';
import { problemsOf } from './refusals';

const root = join(__dirname, '..', '..', '..');

function exampleOfTheDocumentation(): string {
  const text = readFileSync(join(root, 'docs', 'seating-plan-format.md'), 'utf8');
  const [, example] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  if (example === undefined) throw new Error('the documentation has an example');
  return example;
}

const TABLES: fc.JsonValue = {
  usher: 1,
  name: 'Supper',
  categories: [{ key: 'a', name: 'A' }],
  sections: [
    {
      key: 'supper',
      name: 'Supper',
      tables: [{ name: '7', wholeTable: true, seats: [{ number: '1', x: 1, y: 2 }] }],
    },
    {
      key: 'both',
      name: 'Both',
      rows: [{ name: 'A', seats: [{ number: '1', x: 9, y: 2, companion: true }] }],
      tables: [{ name: '7', seats: [{ number: '1', x: 5, y: 6 }] }],
    },
  ],
};

describe('the schema of the USHER format', () => {
  it('is the one in schema/ (else: npm run schema:print)', () => {
    expect(readFileSync(join(root, 'schema', 'seating-plan.schema.json'), 'utf8')).toBe(
      printPlanSchema(),
    );
  });

  it('has an example that imports as the documentation says', () => {
    const { model, warnings } = importSeatingPlanDocument('USHER', exampleOfTheDocumentation(), {
      duplicateSeats: 'REJECT',
    });
    expect(warnings).toEqual([]);
    expectSoundPlan(model);
    expect(model.seats.label).toHaveLength(27);
    expect(model.seats.label[0]).toBe('Stalls, Row A, Seat 1');
    expect(model.seats.label.at(-1)).toBe('Standing 20');
    expect(documentSchema.safeParse(JSON.parse(exampleOfTheDocumentation())).success).toBe(true);
  });

  it('finds wrong what the importer finds wrong, level by level', () => {
    const seeds = [
      JSON.parse(exampleOfTheDocumentation()) as fc.JsonValue,
      conferencePlan() as unknown as fc.JsonValue,
      TABLES,
    ];
    // What a schema cannot say, because it is between two places of the document.
    const beyondSchema =
      /which is not the key|of an earlier|is missing here|places; a plan may|more problems/;
    fc.assert(
      fc.property(fc.constantFrom(...seeds).chain(spoiled), (document) => {
        const bySchema = documentSchema.safeParse(document).success;
        let structural: unknown[] = [];
        try {
          importSeatingPlanDocument('USHER', JSON.stringify(document), {
            duplicateSeats: 'REJECT',
          });
        } catch {
          structural = problemsOf(() =>
            importSeatingPlanDocument('USHER', JSON.stringify(document), {
              duplicateSeats: 'REJECT',
            }),
          ).filter(({ message }) => !beyondSchema.test(message));
        }
        expect(structural.length === 0).toBe(bySchema);
      }),
      { numRuns: 300 },
    );
  });
});

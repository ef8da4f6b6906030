import * as fc from 'fast-check';
import { DomainError } from '../../../src/errors';
import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import {
  importSeatingPlanDocument,
  type PlanDocumentFormat,
} from '../../../src/modules/venues/importers/import-document';
import type { PlanTable } from '../../../src/modules/venues/seating-plan.rules';
import { theatrePlan } from '../../../src/tools/demo-plans/theatre';
import { pretixDocuments, seatsioDocuments, spoiled, usherDocuments } from './plan-arbitraries';
import { expectSoundPlan } from './plan-invariants';

const generated: [PlanDocumentFormat, fc.Arbitrary<unknown>][] = [
  ['USHER', usherDocuments],
  ['PRETIX', pretixDocuments],
  ['SEATSIO', seatsioDocuments],
];

function wholeTableByHand(tables: readonly PlanTable[], no: number): number | undefined {
  return tables.find(
    ({ wholeTable, firstNo, seatCount }) => wholeTable && no >= firstNo && no < firstNo + seatCount,
  )?.firstNo;
}

describe.each(generated)('any plan, as %s', (format, documents) => {
  it('becomes sound columns, and the same ones each time', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = JSON.stringify(document);
        const { model, warnings } = importSeatingPlanDocument(format, text, {
          duplicateSeats: 'RENAME',
        });
        expectSoundPlan(model);
        expect(importSeatingPlanDocument(format, text, { duplicateSeats: 'RENAME' })).toEqual({
          model,
          warnings,
        });
        const json = geometryJson('id', model);
        const layout = parseGeometry(json);
        expect(Array.from(layout.x)).toEqual(model.seats.x);
        expect(Array.from(layout.section)).toEqual(model.seats.section);
        expect(layout.tables).toEqual(model.tables);
        expect(layout.label.map((_, no) => layout.wholeTableOf(no)?.firstNo)).toEqual(
          layout.label.map((_, no) => wholeTableByHand(model.tables ?? [], no)),
        );
        expect(layout.sections.reduce((sum, { seatCount }) => sum + seatCount, 0)).toBe(
          layout.seatCount,
        );
      }),
      { numRuns: 150 },
    );
  });

  it('is accepted or refused with a DomainError, whatever is broken in it', () => {
    const documentsBroken = fc.oneof(
      fc.json(),
      documents.chain((one) => spoiled(one as fc.JsonValue)).map((one) => JSON.stringify(one)),
    );
    fc.assert(
      fc.property(documentsBroken, fc.constantFrom('REJECT', 'RENAME'), (text, duplicateSeats) => {
        try {
          expectSoundPlan(importSeatingPlanDocument(format, text, { duplicateSeats }).model);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).code).toBe('BAD_USER_INPUT');
        }
      }),
      { numRuns: 400 },
    );
  });
});

it('a text of any kind is no reason to crash', () => {
  const text = JSON.stringify(theatrePlan());
  fc.assert(
    fc.property(fc.nat(text.length), fc.string({ maxLength: 3 }), (at, inserted) => {
      const broken = text.slice(0, at) + inserted + text.slice(at + 1);
      try {
        expectSoundPlan(
          importSeatingPlanDocument('USHER', broken, { duplicateSeats: 'REJECT' }).model,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(DomainError);
      }
    }),
    { numRuns: 60 },
  );
});

import { badInput } from '../../../errors';
import { textProblem, type ImportedPlan, type ImportOptions } from '../seating-plan.rules';
import { parseDocument, type JsonObject } from './json-document';
import { importPretixPlan } from './pretix';
import { importSeatsioChart } from './seatsio';
import { importUsherPlan } from './usher';

export type PlanDocumentFormat = 'USHER' | 'PRETIX' | 'SEATSIO';

type Importer = (document: JsonObject, options: ImportOptions) => ImportedPlan;

/** A new format is a new file here, and a line in this table. */
const IMPORTERS: Record<PlanDocumentFormat, Importer> = {
  USHER: importUsherPlan,
  PRETIX: importPretixPlan,
  SEATSIO: importSeatsioChart,
};

function checkName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const problem = name.trim() === '' ? 'must not be empty' : textProblem(name);
  if (problem !== null) throw badInput([{ path: 'name', message: problem }]);
  return name.replace(/\s+/g, ' ').trim();
}

/**
 * A seating plan from a document of text. Pure: stores nothing.
 * @param options.name stands in for the document's own name
 * @throws DomainError BAD_USER_INPUT whose fields name each problem's path, such as
 *   `document.zones[2].rows[0].seats[5].seat_guid`
 */
export function importSeatingPlanDocument(
  format: PlanDocumentFormat,
  document: string,
  options: ImportOptions,
): ImportedPlan {
  const name = checkName(options.name);
  return IMPORTERS[format](parseDocument(document), { ...options, name });
}

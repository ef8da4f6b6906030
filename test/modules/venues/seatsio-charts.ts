/** Small charts of seats.io, and their import. */
import { importSeatingPlanDocument } from '../../../src/modules/venues/importers/import-document';
import type { DuplicateSeatPolicy } from '../../../src/modules/venues/seating-plan.rules';
import { expectSoundPlan } from './plan-invariants';
import { problemsOf } from './refusals';

export function importChart(document: unknown, duplicateSeats: DuplicateSeatPolicy = 'REJECT') {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const plan = importSeatingPlanDocument('SEATSIO', text, { duplicateSeats });
  expectSoundPlan(plan.model);
  return plan;
}
export const refusal = (document: unknown) => problemsOf(() => importChart(document));

export const seat = (label: string | number | null, x: number, more: object = {}) => ({
  label,
  x,
  y: 0,
  categoryKey: 1,
  ...more,
});
export const seats = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => seat(String(i + 1), 20 * i, more));
export const row = (label: string | null, of: object[], more: object = {}) => ({
  label,
  seats: of,
  ...more,
});
export const area = (label: string | null, more: object = {}) => ({
  label,
  capacity: 4,
  categoryKey: 1,
  type: 'circle',
  center: { x: 50, y: 60 },
  radius1: 20,
  radius2: 10,
  ...more,
});
const CATEGORIES = {
  list: [
    { key: 1, label: 'Best', color: '#87A9CD' },
    { key: 'string-2', label: 'Other', color: 'url(evil)', accessible: true },
  ],
};
export const chart = (subChart: object, more: object = {}) => ({
  name: 'Hall',
  categories: CATEGORIES,
  subChart,
  ...more,
});

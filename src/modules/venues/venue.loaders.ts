import { In } from 'typeorm';
import { defineLoader, inOrderOf } from '../../graphql/context';
import { SeatingPlan } from './seating-plan.entity';
import { Venue } from './venue.entity';

export const venueById = defineLoader<string, Venue>(async ({ app }, ids) => {
  const found = await app.db.orm.getRepository(Venue).findBy({ id: In([...ids]) });
  return inOrderOf(ids, found, (venue) => venue.id);
});

/** Without the geometry. */
export const seatingPlanById = defineLoader<string, SeatingPlan>(async ({ app }, ids) => {
  const found = await app.db.orm.getRepository(SeatingPlan).findBy({ id: In([...ids]) });
  return inOrderOf(ids, found, (plan) => plan.id);
});

/** By name. */
export const venuesOfOrganization = defineLoader<string, Venue[]>(
  async ({ app }, organizationIds) => {
    const found = await app.db.orm.getRepository(Venue).find({
      where: { organizationId: In([...organizationIds]) },
      order: { name: 'ASC', id: 'ASC' },
    });
    return grouped(organizationIds, found, (venue) => venue.organizationId);
  },
);

/** By name, the newest version of each first; without the geometry. */
export const plansOfVenue = defineLoader<string, SeatingPlan[]>(async ({ app }, venueIds) => {
  const found = await app.db.orm.getRepository(SeatingPlan).find({
    where: { venueId: In([...venueIds]) },
    order: { name: 'ASC', version: 'DESC' },
  });
  return grouped(venueIds, found, (plan) => plan.venueId);
});

function grouped<V>(keys: readonly string[], rows: readonly V[], keyOf: (row: V) => string): V[][] {
  const groups = new Map(keys.map((key) => [key, [] as V[]]));
  for (const row of rows) groups.get(keyOf(row))?.push(row);
  return keys.map((key) => groups.get(key) ?? []);
}

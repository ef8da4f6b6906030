import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EntityManager } from 'typeorm';
import type { App } from '../../app.types';
import { DomainError, notFound } from '../../errors';
import { newId, parseNodeId, publicId } from '../../infra/ids';
import { geometryJson, parseGeometry } from './geometry';
import { importSeatingPlanDocument } from './importers/import-document';
import {
  SeatingPlan,
  type DuplicateSeatPolicy,
  type SeatingPlanFormat,
} from './seating-plan.entity';
import { Venue } from './venue.entity';
import { PLANS_MAX } from './venue.rules';

const compress = promisify(gzip);

export interface PlanImport {
  venueId: string;
  /** Stands in for the document's own. */
  name?: string | undefined;
  format: SeatingPlanFormat;
  /** JSON, at most PLAN_LIMITS.documentBytes long. */
  document: string;
  duplicateSeats: DuplicateSeatPolicy;
}

/**
 * Stores a document's layout as a new plan, or as the next version of the venue's plan of this name.
 * Warnings are whole sentences about what was mended or looks odd. Throws BAD_USER_INPUT that names
 * what is wrong with the document, NOT_FOUND, and CONFLICT once the venue has PLANS_MAX plans.
 */
export async function importSeatingPlan(
  app: App,
  wanted: PlanImport,
): Promise<{ seatingPlan: SeatingPlan; warnings: string[] }> {
  const { name, format, document, duplicateSeats, venueId } = wanted;
  const { model, warnings } = importSeatingPlanDocument(format, document, { name, duplicateSeats });
  const id = newId();
  const json = geometryJson(publicId('SeatingPlan', id), model);
  // Read back from the very text that is stored: what cannot be read later is not stored now.
  const layout = parseGeometry(json);
  const geometry = await compress(json);
  const seatingPlan = await app.db.transaction(async (tx) => {
    const plan = tx.create(SeatingPlan, {
      id,
      venueId,
      name: layout.name,
      version: await nextVersion(tx, venueId, layout.name),
      capacity: layout.seatCount,
      format,
      categories: layout.categories,
      sections: layout.sections.map((section) => ({
        key: section.key,
        name: section.name,
        seatCount: section.seatCount,
        generalAdmission: section.generalAdmission,
        rows: section.rows.map((row) => ({ name: row.name, seatCount: row.seatCount })),
      })),
      geometry,
      createdAt: app.clock.now(),
    });
    await tx.insert(SeatingPlan, plan);
    return plan;
  });
  return { seatingPlan, warnings };
}

/** Counted under a lock on the venue: of two imports at once each gets a version of its own. */
async function nextVersion(tx: EntityManager, venueId: string, name: string): Promise<number> {
  const venue = await tx.findOne(Venue, {
    where: { id: venueId },
    // Not FOR UPDATE, which would wait for every insert of an event at this venue.
    lock: { mode: 'for_no_key_update' },
  });
  if (venue === null) throw notFound('venue');
  if ((await tx.countBy(SeatingPlan, { venueId })) >= PLANS_MAX) {
    throw new DomainError('CONFLICT', `A venue has at most ${PLANS_MAX} seating plans.`);
  }
  return ((await tx.maximum(SeatingPlan, 'version', { venueId, name })) ?? 0) + 1;
}

/** The gzipped geometry JSON of a plan; undefined where there is no such plan. */
async function geometryOf(
  { db }: Pick<App, 'db'>,
  seatingPlanId: string,
): Promise<Buffer | undefined> {
  const found = await db.orm.getRepository(SeatingPlan).findOne({
    select: { id: true, geometry: true },
    where: { id: seatingPlanId },
  });
  return found?.geometry;
}

/** Like geometryOf, by the id that clients see; undefined for malformed ids as well. */
export async function geometryByPublicId(
  app: Pick<App, 'db'>,
  publicPlanId: string,
): Promise<Buffer | undefined> {
  const key = parseNodeId(publicPlanId);
  return key?.type === 'SeatingPlan' && 'id' in key ? geometryOf(app, key.id) : undefined;
}

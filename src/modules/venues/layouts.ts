import DataLoader from 'dataloader';
import { In } from 'typeorm';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { notFound } from '../../errors';
import type { Database } from '../../infra/database';
import { parseGeometry, type PlanLayout } from './geometry';
import { SeatingPlan } from './seating-plan.entity';

/** Layouts kept in memory. The largest, of 100,000 places, takes some 15 MB. */
const LAYOUTS_MAX = 64;

const unzip = promisify(gunzip);

interface Kept {
  loading: Promise<PlanLayout>;
  /** Set once it has been loaded. */
  layout?: PlanLayout;
}

/**
 * Seating plans in memory, the most recently used ones. Plans never change, so nothing here is ever
 * stale; whoever asks while a plan is being loaded waits for the same load.
 */
export class PlanLayouts {
  /** Least recently used first: a Map keeps the order of insertion. */
  private readonly kept = new Map<string, Kept>();

  /** Gathers and does not remember: a list of events on many plans costs one statement. */
  private readonly geometries: DataLoader<string, Buffer | undefined>;

  constructor(db: Database) {
    this.geometries = new DataLoader(
      async (ids) => {
        const plans = await db.orm.getRepository(SeatingPlan).find({
          select: { id: true, geometry: true },
          where: { id: In([...ids]) },
        });
        const byId = new Map(plans.map((plan) => [plan.id, plan.geometry]));
        return ids.map((id) => byId.get(id));
      },
      { cache: false, maxBatchSize: LAYOUTS_MAX },
    );
  }

  /** Throws NOT_FOUND when there is no such plan. A load that failed is not remembered. */
  get(seatingPlanId: string): Promise<PlanLayout> {
    const kept = this.kept.get(seatingPlanId) ?? this.startLoad(seatingPlanId);
    this.kept.delete(seatingPlanId);
    this.kept.set(seatingPlanId, kept);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= LAYOUTS_MAX) break;
      this.kept.delete(oldest);
    }
    return kept.loading;
  }

  /** What is in memory, without waiting and without counting as a use. */
  peek(seatingPlanId: string): PlanLayout | undefined {
    return this.kept.get(seatingPlanId)?.layout;
  }

  private startLoad(seatingPlanId: string): Kept {
    const kept: Kept = {
      loading: this.load(seatingPlanId).then(
        (layout) => (kept.layout = layout),
        (error: unknown) => {
          // Not by key alone: the failed load may have been evicted and begun anew since.
          if (this.kept.get(seatingPlanId) === kept) this.kept.delete(seatingPlanId);
          throw error;
        },
      ),
    };
    return kept;
  }

  private async load(seatingPlanId: string): Promise<PlanLayout> {
    const geometry = await this.geometries.load(seatingPlanId);
    if (geometry === undefined) throw notFound('seating plan');
    return parseGeometry((await unzip(geometry)).toString('utf8'));
  }
}

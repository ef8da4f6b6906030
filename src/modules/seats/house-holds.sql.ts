/**
 * Calls of the functions that the migration `house-holds` makes: AVAILABLE ↔ BLOCKED, one call an
 * event. As with the other seat functions, the changes go to `app.live.publish` after the commit.
 */
import type { EntityManager } from 'typeorm';

interface Changed {
  nos: number[];
  versions: number[];
}
export type BlockOutcome =
  | ({ outcome: 'BLOCKED' } & Changed)
  /** `nos` are the first of them, `taken` is how many there are. */
  | { outcome: 'SEATS_UNAVAILABLE'; nos: number[]; taken: number };
export type UnblockOutcome = { outcome: 'UNBLOCKED' } & Changed;

export interface BlockCall {
  eventId: string;
  /** Ascending and distinct. */
  nos: readonly number[];
  reason: string | null;
  blockedBy: string;
  now: Date;
  /** Seats in the way that are named at most. */
  namedMax: number;
}

/** All of the seats or none. */
export async function callBlockSeats(tx: EntityManager, block: BlockCall): Promise<BlockOutcome> {
  const { eventId, nos, reason, blockedBy, now, namedMax } = block;
  const [row] = await tx.query<{ answer: BlockOutcome }[]>(
    'SELECT block_seats($1,$2,$3,$4,$5,$6) AS answer',
    [eventId, nos, reason, blockedBy, now, namedMax],
  );
  return row!.answer;
}

/** Whichever of the seats are blocked. */
export async function callUnblockSeats(
  tx: EntityManager,
  eventId: string,
  nos: readonly number[],
): Promise<UnblockOutcome> {
  const [row] = await tx.query<{ answer: UnblockOutcome }[]>(
    'SELECT unblock_seats($1,$2) AS answer',
    [eventId, nos],
  );
  return row!.answer;
}

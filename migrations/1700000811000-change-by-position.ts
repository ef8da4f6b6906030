import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What has been locked is changed by its positions, as hold_seats does it, instead of by a join with
 * the event's seats: where a kept plan takes events for small, such a join reads every seat of one.
 */
export class ChangeByPosition1700000811000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const { name, joins } of CHANGES) await rewrite(db, name, joins);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const { name, joins } of CHANGES) {
      await rewrite(
        db,
        name,
        joins.map(([before, after]) => [after, before]),
      );
    }
  }
}

type Swap = readonly [before: string, after: string];

const CHANGE: Swap = [
  'FROM locked WHERE s.event_id = p_event_id AND s.no = locked.no RETURNING s.no, s.version',
  'WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT no FROM locked)) RETURNING s.no, s.version',
];
const CHANGES: readonly { name: string; joins: readonly Swap[] }[] = [
  { name: 'give_back_seats', joins: [CHANGE] },
  { name: 'unpin_seats', joins: [CHANGE] },
  { name: 'unblock_seats', joins: [CHANGE] },
  {
    name: 'end_overdue_reservations',
    joins: [
      [
        `FROM locked l WHERE s.event_id = p_event_id AND s.no = l.no
        RETURNING l.reservation_id AS reservation_id, s.no AS no, s.version AS version`,
        `WHERE s.event_id = p_event_id AND s.no = ANY (ARRAY(SELECT l.no FROM locked l))
        RETURNING s.no AS no, s.version AS version`,
      ],
      [
        `SELECT c.reservation_id, array_agg(c.no ORDER BY c.no) AS nos, array_agg(c.version ORDER BY c.no) AS versions
        FROM changed c GROUP BY c.reservation_id`,
        `SELECT l.reservation_id, array_agg(c.no ORDER BY c.no) AS nos, array_agg(c.version ORDER BY c.no) AS versions
        FROM changed c JOIN locked l ON l.no = c.no GROUP BY l.reservation_id`,
      ],
    ],
  },
];

/** All else about the function stays: its parameters, its settings. */
async function rewrite(db: QueryRunner, name: string, swaps: readonly Swap[]): Promise<void> {
  const [row] = (await db.query(`SELECT pg_get_functiondef('${name}'::regproc) AS definition`)) as [
    { definition: string },
  ];
  const rewritten = swaps.reduce((text, [before, after]) => {
    if (!text.includes(before)) throw new Error(`${name} is not as this migration expects it`);
    return text.replace(before, after);
  }, row.definition);
  await db.query(rewritten);
}

/**
 * Deletes in batches, which an ORM cannot say. Each takes the instant before which things are old
 * ($1) and how many rows to delete at most ($2); rows that a refresh has locked are left for next time.
 */

/** Long expired: till then a spent token is kept, so that its reuse is noticed. */
export const DELETE_OLD_TOKENS = `
  DELETE FROM refresh_tokens WHERE token_hash IN (
    SELECT token_hash FROM refresh_tokens WHERE expires_at < $1
    LIMIT $2 FOR UPDATE SKIP LOCKED
  )`;

/** Ended long ago, or left without any token; what tokens remain go with them. */
export const DELETE_OLD_FAMILIES = `
  DELETE FROM session_families WHERE id IN (
    SELECT family.id FROM session_families family
    WHERE family.created_at < $1
      AND (family.ended_at < $1
        OR NOT EXISTS (SELECT FROM refresh_tokens token WHERE token.family_id = family.id))
    LIMIT $2 FOR UPDATE SKIP LOCKED
  )`;

/** Without sessions nobody can be this guest again; what it held or booked keeps its id. */
export const DELETE_OLD_GUESTS = `
  DELETE FROM guests WHERE id IN (
    SELECT guest.id FROM guests guest
    WHERE guest.created_at < $1
      AND NOT EXISTS (SELECT FROM session_families family WHERE family.guest_id = guest.id)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  )`;

/**
 * A client of PostgreSQL does one thing after the other: what it is asked meanwhile, pg keeps waiting, with a warning
 * once a process, and its next version will refuse. In a transaction it is a mistake besides: where one of several
 * fails, the others go on behind the rollback. So whichever test does it fails, and says where.
 */
import { Client } from 'pg';

/** What pg has of a client and does not tell; `test/infra/database.test.ts` notices where that has changed. */
interface Inside {
  _activeQuery: object | null | undefined;
  _queryQueue: unknown[];
}
type Ask = (this: Client & Inside, ...asked: unknown[]) => unknown;

let overlaps: Error[] = [];

const client = Client.prototype as unknown as { query: Ask };
const { query } = client;
client.query = function (...asked) {
  if (this._activeQuery || this._queryQueue.length > 0)
    overlaps.push(new Error('a client of PostgreSQL is asked while it does something else'));
  return query.apply(this, asked);
};

/** The mistakes so far; they are forgotten with that. */
export function overlappingQueries(): readonly Error[] {
  const found = overlaps;
  overlaps = [];
  return found;
}

afterEach(() => {
  const [first] = overlappingQueries();
  if (first !== undefined) throw first;
});

import type { LedgerIdentity } from '@ads/models';
import type { Database } from './dependencies.js';

interface IdentityRow {
  readonly ledger: LedgerIdentity | null;
}

/**
 * The identity of the ledger as the database is now; undefined while it has none: in the middle of a
 * restore, or on a standby.
 */
export async function readIdentity(database: Database): Promise<LedgerIdentity | undefined> {
  const rows = await database.query<IdentityRow>('read_identity', 'SELECT current_ledger() AS ledger');
  return rows[0]?.ledger ?? undefined;
}

/** What Postgres says about the counters in Redis. */
export interface Standing {
  /** The ledger whose counters may be trusted; undefined where the database has no identity. */
  readonly ledger: LedgerIdentity | undefined;
  /** True while counters may be missing. */
  readonly doubted: boolean;
}

/**
 * The identity of the ledger, and whether there is a doubt about its counters.
 *
 * @param lastingSeconds leaves out doubts that are younger: a writer that lives settles its own
 */
export async function readStanding(database: Database, lastingSeconds?: number): Promise<Standing> {
  const [row] = await database.query<IdentityRow & { doubted: boolean }>(
    'read_doubts',
    `SELECT current_ledger() AS ledger,
       EXISTS (
         SELECT FROM counter_doubts
         WHERE $1::float8 IS NULL OR abs(extract(epoch FROM now() - since)) > $1::float8
       ) AS doubted`,
    [lastingSeconds ?? null],
  );
  return { ledger: row?.ledger ?? undefined, doubted: row?.doubted ?? true };
}

/**
 * Gives the ledger a new identity: from the next look on nothing in Redis is trusted until it was filled anew. Does nothing
 * where the identity is not `expected` any more.
 *
 * @returns true when it was renewed
 */
export async function renewIdentity(database: Database, expected: LedgerIdentity): Promise<boolean> {
  const [row] = await database.query<{ renewed: boolean }>(
    'renew_identity',
    'SELECT renew_ledger_identity($1) AS renewed',
    [expected],
  );
  return row?.renewed ?? false;
}

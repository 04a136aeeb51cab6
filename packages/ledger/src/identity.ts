import type { LedgerIdentity } from '@ads/models';
import type { Database } from './dependencies.js';

interface IdentityRow {
  readonly ledger: LedgerIdentity | null;
}

/** The current identity of the ledger; undefined during a restore, and on a standby. */
export async function readIdentity(database: Database): Promise<LedgerIdentity | undefined> {
  const rows = await database.query<IdentityRow>('read_identity', 'SELECT current_ledger() AS ledger');
  return rows[0]?.ledger ?? undefined;
}

/** The ledger and its doubts, as Postgres has them. */
export interface Standing {
  /** The ledger whose counters may be trusted; undefined if the database has no identity. */
  readonly ledger: LedgerIdentity | undefined;
  /** True while counters in Redis may be behind. */
  readonly doubted: boolean;
}

/**
 * The identity of the ledger, and whether a doubt about its counters exists.
 *
 * @param lastingSeconds ignores doubts younger than this: a live writer deletes its own
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
 * Gives the ledger a new identity, so that the next check distrusts Redis until a rebuild. Does nothing if the identity is no
 * longer `expected`.
 *
 * @returns true if the identity was renewed
 */
export async function renewIdentity(database: Database, expected: LedgerIdentity): Promise<boolean> {
  const [row] = await database.query<{ renewed: boolean }>(
    'renew_identity',
    'SELECT renew_ledger_identity($1) AS renewed',
    [expected],
  );
  return row?.renewed ?? false;
}

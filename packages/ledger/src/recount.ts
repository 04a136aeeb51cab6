import { MINUTES_KEPT, SECONDS_KEPT } from '@ads/models';
import pg from 'pg';
import { readText } from './files.js';

const RECOUNT = readText('sql/recount.sql');

/** In the order in which a batch locks them: else the two would wait for each other. */
const LOCK = 'LOCK TABLE clicks_per_second, clicks_per_minute, ad_totals IN SHARE ROW EXCLUSIVE MODE';

/** Longer than any batch takes. */
const LOCK_TIMEOUT_MS = 60_000;

/** The findings of a recount. */
export interface Recount {
  /** Events that are stored. */
  readonly events: number;
  /** Rows of each rollup that were wrong, and are right now. */
  readonly totals: number;
  readonly minutes: number;
  readonly seconds: number;
}

/**
 * Makes the rollups what a count of the stored events says, and ends the trust in Redis, which is then filled anew: for an
 * administrator who deleted or changed events or rollups.
 *
 * It is one transaction. Nothing is recorded meanwhile: batches are tried again, events wait in JetStream, and without
 * JetStream ingest answers 503. Reading goes on.
 *
 * @param connection of a role that may record
 * @throws when Postgres can't be reached, or a lock was not to be had within a minute; nothing has changed then
 */
export async function recount(connection: pg.ClientConfig): Promise<Recount> {
  const client = new pg.Client(connection);
  // A connection that breaks fails the statement that is under way.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(LOCK);
    const { rows } = await client.query<Recount>(RECOUNT, [SECONDS_KEPT, MINUTES_KEPT]);
    await client.query('SELECT renew_ledger_identity()');
    await client.query('COMMIT');
    const [found] = rows;
    if (found === undefined) throw new Error('The recount returned nothing');
    return found;
  } finally {
    await client.end();
  }
}

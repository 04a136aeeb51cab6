import { fillInKinds, SECONDS_KEPT } from '@ads/models';
import pg from 'pg';
import { forgetDays, LOCK_DAYS } from './days.js';
import { readText } from './files.js';

const RECOUNT = fillInKinds(readText('sql/recount.sql'));

/** In the lock order of a batch, to avoid a deadlock. */
const LOCK =
  'LOCK TABLE counts_per_second, counts_per_minute, ad_totals, clicks_per_play_second, counts_per_label, counts_per_quarter_hour, report_backfill IN SHARE ROW EXCLUSIVE MODE';

/** Longer than any batch. */
const LOCK_TIMEOUT_MS = 60_000;

/** The result of a recount. */
export interface Recount {
  /** Stored events. */
  readonly events: number;
  /** Corrected rows of each rollup. */
  readonly totals: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly quarter_hours: number;
  readonly labels: number;
  readonly play_seconds: number;
}

/**
 * Corrects the rollups to a count of the stored events, and gives the ledger a new identity, so that Redis is refilled. An
 * administrator runs it after events or rollups were deleted or changed.
 *
 * It is one transaction. Nothing is recorded meanwhile: batches are retried, events wait in JetStream, and without JetStream
 * ingest answers 503. Reads continue.
 *
 * @param connection for a role that may record
 * @param minutesKept minutes for which counts per minute are kept; missing ones are created
 * @throws when Postgres is unavailable, or a lock was not acquired within a minute; then nothing has changed
 */
export async function recount(connection: pg.ClientConfig, minutesKept: number): Promise<Recount> {
  const client = new pg.Client(connection);
  // A broken connection also fails the current statement.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // The builder of days takes its lock before all others.
    await client.query(LOCK_DAYS);
    await client.query(LOCK);
    await forgetDays(client);
    const { rows } = await client.query<Recount>(RECOUNT, [SECONDS_KEPT, minutesKept]);
    await client.query('SELECT renew_ledger_identity()');
    await client.query('COMMIT');
    const [found] = rows;
    if (found === undefined) throw new Error('The recount returned nothing');
    return found;
  } finally {
    await client.end();
  }
}

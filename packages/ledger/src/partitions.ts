import type { Database } from './dependencies.js';

/** Days of partitions that are always there ahead of time. Rows of a day without one go to the default partition. */
const DAYS_AHEAD = 14;

/** Makes the partitions of the coming days where they are missing; the number made. */
export async function ensurePartitions(database: Database, now: number): Promise<number> {
  const today = new Date(now).toISOString().slice(0, 10);
  const rows = await database.query<{ made: number }>(
    'ensure_partitions',
    'SELECT ensure_event_partitions($1::date, $2) AS made',
    [today, DAYS_AHEAD],
  );
  return rows[0]?.made ?? 0;
}

/** How long second buckets are kept: no window looks further back than an hour. */
const SECONDS_KEPT = 3 * 3_600;

/** Deletes second buckets that no window will see again. Minute buckets and totals are kept. */
export async function pruneSeconds(database: Database, now: number): Promise<void> {
  await database.query('prune_seconds', 'DELETE FROM clicks_per_second WHERE second < $1', [
    Math.floor(now / 1_000) - SECONDS_KEPT,
  ]);
}

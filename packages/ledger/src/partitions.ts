import { secondOf } from '@ads/models';
import type { Database } from './dependencies.js';

/** Days of partitions that are always there ahead of time. Rows of a day without one go to the default partition. */
const DAYS_AHEAD = 14;
const DAY_MS = 86_400_000;

/** Makes the partitions of the coming days where they are missing, each by itself; the number made. */
export async function ensurePartitions(database: Database, now: number): Promise<number> {
  let made = 0;
  for (let day = 0; day < DAYS_AHEAD; day += 1) {
    const date = new Date(now + day * DAY_MS).toISOString().slice(0, 10);
    const rows = await database.query<{ made: number }>(
      'ensure_partitions',
      'SELECT ensure_event_partitions($1::date, 1) AS made',
      [date],
    );
    made += rows[0]?.made ?? 0;
  }
  return made;
}

/** How long second buckets are kept: no window looks further back than an hour. */
const SECONDS_KEPT = 3 * 3_600;

/** Rows that one statement deletes: it holds no lock for long, waits for none, and stays below any timeout. */
const PRUNED_AT_ONCE = 10_000;

const PRUNE = `WITH pruned AS (
    DELETE FROM clicks_per_second
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM clicks_per_second WHERE second < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) AS pruned FROM pruned`;

/** Deletes second buckets that no window will see again; the number deleted. Minute buckets and totals are kept. */
export async function pruneSeconds(database: Database, now: number): Promise<number> {
  for (let all = 0; ; ) {
    const rows = await database.query<{ pruned: number }>('prune_seconds', PRUNE, [
      secondOf(now) - SECONDS_KEPT,
      PRUNED_AT_ONCE,
    ]);
    const pruned = rows[0]?.pruned ?? 0;
    all += pruned;
    if (pruned < PRUNED_AT_ONCE) return all;
  }
}

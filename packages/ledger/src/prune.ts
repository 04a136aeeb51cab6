import { MINUTES_KEPT, SECONDS_KEPT } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const PRUNE_SECONDS = readText('sql/prune-seconds.sql');
const PRUNE_MINUTES = readText('sql/prune-minutes.sql');

/** Rows per statement, few enough that it holds locks briefly and stays below any timeout. */
const PRUNED_AT_ONCE = 10_000;

/** Deletes second buckets that are too old for all windows, by the clock of Postgres. @returns their number */
export async function pruneSeconds(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_seconds', PRUNE_SECONDS, SECONDS_KEPT, signal);
}

/** Deletes minute buckets that are too old for all windows, by the clock of Postgres. @returns their number */
export async function pruneMinutes(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_minutes', PRUNE_MINUTES, MINUTES_KEPT, signal);
}

async function prune(
  database: Database,
  operation: string,
  text: string,
  kept: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let all = 0;
  let pruned = PRUNED_AT_ONCE;
  while (pruned === PRUNED_AT_ONCE && !signal?.aborted) {
    const rows = await database.query<{ pruned: number }>(operation, text, [kept, PRUNED_AT_ONCE]);
    pruned = rows[0]?.pruned ?? 0;
    all += pruned;
  }
  return all;
}

import { SECONDS_KEPT } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const PRUNE_SECONDS = readText('sql/prune-seconds.sql');
const PRUNE_MINUTES = readText('sql/prune-minutes.sql');
const PRUNE_GATE = readText('sql/prune-gate.sql');
const PRUNE_REUSED_SESSIONS = readText('sql/prune-reused-sessions.sql');
const PRUNE_API_KEYS = readText('sql/prune-api-keys.sql');
const READ_OLDEST_MINUTE = readText('sql/read-oldest-minute.sql');

/** Hours beside the current one for which the gate keeps a viewer: only the current one is judged, and clocks may differ. */
const GATE_HOURS_KEPT = 2;

/**
 * Days beside the current one for which reused sessions are counted by ad. Diagnostics read at most seven days, and a cache that
 * was found is repaired.
 */
const REUSE_DAYS_KEPT = 90;

/** Rows per statement, few enough that it holds locks briefly and stays below any timeout. */
const PRUNED_AT_ONCE = 10_000;

/** Deletes second buckets that are too old for all windows, by the clock of Postgres. @returns their number */
export async function pruneSeconds(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_seconds', PRUNE_SECONDS, [SECONDS_KEPT], signal);
}

/**
 * Deletes minute buckets that are not kept any more, by the clock of Postgres.
 *
 * @param minutesKept minutes before the current one; at least LEAST_MINUTES_KEPT
 * @returns their number
 */
export async function pruneMinutes(database: Database, minutesKept: number, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_minutes', PRUNE_MINUTES, [minutesKept], signal);
}

/** Deletes viewers from the gate who have not clicked for two hours, by the clock of Postgres. @returns their number */
export async function pruneGate(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_gate', PRUNE_GATE, [GATE_HOURS_KEPT], signal);
}

/** Deletes counts of reused sessions from days that are not kept any more, by the clock of Postgres. @returns their number */
export async function pruneReusedSessions(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_reused_sessions', PRUNE_REUSED_SESSIONS, [REUSE_DAYS_KEPT], signal);
}

/**
 * Deletes shares that ended a day ago, API keys that ended 90 days ago, and changes of shares from before 90 days, by the clock of
 * Postgres. Shares that were created in the last 24 hours stay, because they are counted. @returns the number of rows
 */
export async function pruneApiKeys(database: Database, signal?: AbortSignal): Promise<number> {
  return await prune(database, 'prune_api_keys', PRUNE_API_KEYS, [], signal);
}

/**
 * Reads the first minute whose counts are complete: all of its events are in its bucket, and it is not pruned.
 *
 * @param minutesKept minutes before the current one
 * @returns milliseconds since the epoch
 */
export async function readOldestMinute(database: Database, minutesKept: number): Promise<number> {
  const rows = await database.query<{ oldest_minute: number }>('read_oldest_minute', READ_OLDEST_MINUTE, [minutesKept]);
  const [row] = rows;
  if (row === undefined) throw new Error('the table event_retention has no row: the database is being restored');
  return row.oldest_minute * 60_000;
}

async function prune(
  database: Database,
  operation: string,
  text: string,
  kept: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let all = 0;
  let pruned = PRUNED_AT_ONCE;
  while (pruned === PRUNED_AT_ONCE && !signal?.aborted) {
    const rows = await database.query<{ pruned: number }>(operation, text, [...kept, PRUNED_AT_ONCE]);
    pruned = rows[0]?.pruned ?? 0;
    all += pruned;
  }
  return all;
}

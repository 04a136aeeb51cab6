import { fillInKinds } from '@ads/models';
import pg from 'pg';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

/*
 * The counts per day, which reports of long ranges read.
 *
 * They are exact although events arrive late and recorders do not wait for the builder. Let S be the snapshot of the statement that
 * counts a day, and R the transaction of a recorder that changes one of its quarter-hours:
 *
 * 1. Only days that end at or before `late_before` are built. It is advanced under an exclusive lock on day_tier. Each recorder
 *    reads day_tier, so it holds a shared lock on it from before its snapshot until its commit. A recorder that has read an older
 *    value has therefore committed before the new value exists, and S sees its counts.
 * 2. Each other R has read a value after the end of the day, and marks the bucket. If S does not see the counts of R, it does
 *    not see the mark either, and the mark stays.
 * 3. A report reads marks, days and quarter-hours in one snapshot. It reads the quarter-hours of each ad and day with a mark, and
 *    of each day that is not built.
 *
 * The builder can be killed at any moment: each step is one transaction. One process makes a step at a time, by an advisory lock.
 */

const READ_DAYS_DUE = readText('sql/read-days-due.sql');
const ADVANCE_LATE_BEFORE = readText('sql/advance-late-before.sql');
const REFRESH_DAYS = fillInKinds(readText('sql/refresh-days.sql'));
const READ_NEXT_DAY = readText('sql/read-next-day.sql');
const BUILD_DAY = fillInKinds(readText('sql/build-day.sql'));
const DROP_UNWANTED_DAYS = readText('sql/drop-unwanted-days.sql');
const WANT_DAYS = readText('sql/want-days.sql');

/** Quarter-hours of an ordinary day. */
export const DAY_QUARTERS = 96;
const QUARTER_HOUR_MS = 900_000;

/** Days are built when all events are recorded that were accepted until this long after their end, so that few events are late. */
const DELAY_QUARTERS = 8;
/** Days that are built per offset when a report asks for it first: thirteen months. */
const DAYS_BUILT = 400;
/** Days after which the days of an offset are removed if no report asks for it. */
const DAYS_WANTED = 30;
/** Offsets whose days are built. Each takes 2 % of the size of the quarter-hours. All time zones together have some 40. */
const MAX_OFFSETS = 24;
/** Marks per step, and pairs of an ad and a day of UTC that they name. Each pair costs up to 192 rows per offset. */
const MARKS_PER_STEP = 20_000;
const PAIRS_PER_STEP = 1_000;
/** Recorders wait at most this long while `late_before` is advanced, once a day per offset. */
const LOCK_TIMEOUT_MS = 500;
/** A day of a million ads takes a minute. */
const STEP_TIMEOUT_MS = 600_000;

/** The advisory lock of the builder, for a transaction. A recount waits for it. */
const TRY_LOCK_DAYS = "SELECT pg_try_advisory_xact_lock(hashtext('build_days')) AS locked";
export const LOCK_DAYS = "SELECT pg_advisory_xact_lock(hashtext('build_days'))";

/**
 * The result of one step of the builder. `worked`: more may be left to do. `busy`: another process makes a step, or recorders are
 * slow. `done`: nothing is left to do.
 */
export type DaysStep = 'worked' | 'busy' | 'done';

/**
 * Makes one step towards all wanted days being built and without marks.
 *
 * @param client a connection of its own: a step of a large catalogue takes longer than the timeout of other statements
 * @param recorded milliseconds since the epoch: see `readRecorded`. With a time that is too late, live events are marked, and reports
 *   are slow
 * @throws the errors of Postgres; then nothing has changed
 */
export async function buildDays(client: Pick<pg.ClientBase, 'query'>, recorded: number): Promise<DaysStep> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    const result = await makeStep(client, Math.floor(recorded / QUARTER_HOUR_MS) - DELAY_QUARTERS);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // On a broken connection ROLLBACK fails too; the caller gets `error`.
    await client.query('ROLLBACK').catch(() => undefined);
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) return 'busy';
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

async function makeStep(client: Pick<pg.ClientBase, 'query'>, until: number): Promise<DaysStep> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query(`SET LOCAL statement_timeout = ${STEP_TIMEOUT_MS}`);
  await client.query('SET LOCAL jit = off');
  const { rows: locks } = await client.query<{ locked: boolean }>(TRY_LOCK_DAYS);
  if (locks[0]?.locked !== true) return 'busy';
  const has = async (text: string, value: number) => ((await client.query(text, [value])).rowCount ?? 0) > 0;

  if (await has(DROP_UNWANTED_DAYS, DAYS_WANTED)) return 'worked';
  if (await has(READ_DAYS_DUE, until)) {
    await client.query('LOCK TABLE day_tier IN ACCESS EXCLUSIVE MODE');
    await client.query(ADVANCE_LATE_BEFORE, [until]);
    return 'worked';
  }
  const { rows: refreshed } = await client.query<{ more: boolean }>(REFRESH_DAYS, [MARKS_PER_STEP, PAIRS_PER_STEP]);
  // Where nothing is counted before the built days, a sequential scan would read the whole table to find that out.
  await client.query('SET LOCAL enable_seqscan = off');
  const { rows: days } = await client.query<{ start_quarter_hour: number }>(READ_NEXT_DAY, [DAYS_BUILT]);
  for (const { start_quarter_hour } of days) await client.query(BUILD_DAY, [start_quarter_hour]);
  return days.length > 0 || refreshed[0]?.more === true ? 'worked' : 'done';
}

/** Forgets all built days, under {@link LOCK_DAYS} and locks that block recording. They are built again. */
export async function forgetDays(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await client.query('UPDATE day_offsets SET built_from = NULL, built_until = NULL');
  await client.query('UPDATE day_tier SET late_before = 0');
  await client.query('DELETE FROM counts_per_day');
  await client.query('DELETE FROM late_quarter_hours');
}

/**
 * Asks that days of these offsets are built. They are removed after {@link DAYS_WANTED} in which no report asked.
 *
 * @param remainders of the first quarter-hours of the days by {@link DAY_QUARTERS}
 */
export async function wantDays(database: Database, remainders: readonly number[]): Promise<void> {
  await database.query('want_days', WANT_DAYS, [remainders, MAX_OFFSETS]);
}

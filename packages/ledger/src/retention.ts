import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const NOTE_RECORDED = readText('sql/note-recorded.sql');
const READ_RECORDED = readText('sql/read-recorded.sql');
const DROP_OLD_PARTITION = readText('sql/drop-old-partition.sql');
const READ_SWEEP = readText('sql/read-sweep.sql');
const DELETE_OLD_EVENTS = readText('sql/delete-old-events.sql');
const NOTE_SWEPT = readText('sql/note-swept.sql');

/** Pages per step, some 100,000 events: Postgres works on them for about a tenth of a second. */
const PAGES_PER_STEP = 2_000;

/** Options of `removeOldEvents`. */
export interface RemovalOptions {
  /** Stops the work between two steps. */
  readonly signal?: AbortSignal;
  readonly pagesPerStep?: number;
}

/**
 * Notes that each event which was accepted before a time is recorded. No event is removed, and no number is final, without it.
 *
 * @param time milliseconds since the epoch
 */
export async function noteRecorded(database: Database, time: number): Promise<void> {
  await database.query('note_recorded', NOTE_RECORDED, [time]);
}

/**
 * The time before which each accepted event is recorded and counted for reports.
 *
 * @returns milliseconds since the epoch; undefined while events from before migration 7 are not counted for reports yet
 */
export async function readRecorded(database: Database): Promise<number | undefined> {
  const rows = await database.query<{ recorded_until: number }>('read_recorded', READ_RECORDED);
  return rows[0]?.recorded_until;
}

/**
 * Removes the events that need not be kept any more, in short steps beside live traffic. Rollups stay. It can be interrupted at
 * any moment, and several processes may call it.
 *
 * @param keepDays days for which events are kept, from their receipt or from the time in their ids
 * @returns the number of events that were deleted one by one, and whether any partition was dropped
 */
export async function removeOldEvents(
  database: Database,
  keepDays: number,
  { signal, pagesPerStep = PAGES_PER_STEP }: RemovalOptions = {},
): Promise<{ readonly dropped: boolean; readonly deleted: number }> {
  let dropped = false;
  const step = async () => {
    const rows = await database.query<{ stepped: boolean }>('drop_old_partition', DROP_OLD_PARTITION, [
      keepDays,
      pagesPerStep,
    ]);
    return rows[0]?.stepped === true;
  };
  while (!signal?.aborted && (await withPause(step, signal))) dropped = true;
  return { dropped, deleted: await sweep(database, keepDays, pagesPerStep, signal) };
}

/** Deletes old events outside of the partitions of days, once a day. @returns their number */
async function sweep(
  database: Database,
  keepDays: number,
  pages: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const rows = await database.query<{ partition: string; old_until: number }>('read_sweep', READ_SWEEP, [keepDays]);
  let all = 0;
  for (const { partition } of rows) {
    for (let page = 0; !signal?.aborted; page += pages) {
      const step = () =>
        database.query<{ deleted: number | null }>('delete_old_events', DELETE_OLD_EVENTS, [
          keepDays,
          partition,
          page,
          pages,
        ]);
      const deleted = (await withPause(step, signal))[0]?.deleted ?? null;
      if (deleted === null) break;
      all += deleted;
    }
  }
  const [first] = rows;
  if (first !== undefined && !signal?.aborted) await database.query('note_swept', NOTE_SWEPT, [first.old_until]);
  return all;
}

/** Makes a step, and then a pause of twice its duration for live traffic. */
async function withPause<T>(step: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const started = performance.now();
  const result = await step();
  if (!signal?.aborted) await delay(2 * (performance.now() - started), undefined, { signal }).catch(() => undefined);
  return result;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const MAKE_PARTITION = readText('sql/make-partition.sql');
const READ_PARTITIONS = readText('sql/read-partitions.sql');

/** Days with partitions, today included. Rows of a day without one go to the default partition. */
export const DAYS_AHEAD = 14;

/** Options of `ensurePartitions`. */
export interface PartitionOptions {
  /** Stops the work between two partitions. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a day could not be finished; the next day follows. */
  readonly onFailure: (daysFromToday: number, error: unknown) => void;
}

/**
 * Creates missing partitions of the coming days, by the clock of Postgres. Each partition is one short statement, and recording
 * continues between the statements. A day with many rows in the default partition gets several partitions.
 *
 * @returns the number of created partitions
 */
export async function ensurePartitions(database: Database, options: PartitionOptions): Promise<number> {
  let made = 0;
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    try {
      for (let more = true; more && !options.signal?.aborted; ) {
        const started = performance.now();
        const rows = await database.query<{ made: number }>('make_partition', MAKE_PARTITION, [ahead]);
        more = rows[0]?.made === 1;
        if (more) {
          made += 1;
          // A step blocks recording, so a pause of twice its duration follows.
          await delay(2 * (performance.now() - started), undefined, { signal: options.signal });
        }
      }
    } catch (error) {
      if (!options.signal?.aborted) options.onFailure(ahead, error);
    }
    if (options.signal?.aborted) break;
  }
  return made;
}

/** The number of consecutive days that have all of their partitions: 1 for today only, up to {@link DAYS_AHEAD}. */
export async function readPartitionDays(database: Database): Promise<number> {
  const rows = await database.query<{ days: number }>('read_partitions', READ_PARTITIONS, [DAYS_AHEAD]);
  return rows[0]?.days ?? 0;
}

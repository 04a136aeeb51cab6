import type { Postgres } from '@ads/connections';
import { type Database, readRecorded, removeOldEvents } from '@ads/ledger';
import type { Clock, Logger } from '@ads/runtime';

export interface RemovalDependencies {
  readonly postgres: Database & Pick<Postgres, 'ping'>;
  readonly clock: Pick<Clock, 'now' | 'whyNotPrune'>;
  /** Days for which events are kept; undefined for ever. */
  readonly keepDays: number | undefined;
  readonly logger: Logger;
}

/**
 * Creates the step of the table upkeep that removes old events. It waits until all events are recorded that were accepted
 * before its first call. Otherwise a repetition of a removed event could count again: when the retention is shortened, ingest
 * accepts older ids until its restart.
 *
 * @returns one step. It throws DependencyUnavailable when Postgres is unavailable, and Error while the clocks disagree
 */
export function createRemoval(dependencies: RemovalDependencies): (signal: AbortSignal) => Promise<void> {
  const { postgres, clock, keepDays, logger } = dependencies;
  let since: number | undefined;
  return async (signal) => {
    if (keepDays === undefined) return;
    // The last comparison of the clocks may be older than an outage of Postgres.
    await postgres.ping();
    const reason = clock.whyNotPrune();
    if (reason !== undefined) throw new Error(`the removal of old events is refused: ${reason}`);
    since ??= clock.now();
    const recorded = await readRecorded(postgres);
    if (recorded === undefined || recorded < since) return;
    const { dropped, deleted } = await removeOldEvents(postgres, keepDays, { signal });
    if (dropped || deleted > 0) {
      logger.info(`events older than ${keepDays} days were removed`, {
        event: 'tables.events_removed',
        partitions_dropped: dropped,
        deleted,
      });
    }
  };
}

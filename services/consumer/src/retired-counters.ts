import { type CounterStore, deleteRetired } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import { every, type Logger } from '@ads/runtime';

export interface RetiredCountersOptions {
  readonly store: CounterStore;
  /** The identity of the ledger as it was last read; undefined before that. */
  readonly ledger: () => LedgerIdentity | undefined;
  readonly logger: Logger;
}

const CHECK_EVERY_MS = 5_000;

/** Interval of the deletions, for counters of other environments. A change of the ledger starts a deletion sooner. */
const DELETE_EVERY_MS = 3_600_000;

/** Longer than the 15 s for which counters must be unused before they are deleted. */
const AFTER_CHANGE_MS = 20_000;

/**
 * Deletes counters of unused ledgers, from before a restore or of a dropped database: hourly, and 20 s after
 * the ledger changed.
 *
 * @returns stops it
 */
export function deleteRetiredCounters({ store, ledger, logger }: RetiredCountersOptions): () => Promise<void> {
  let last: LedgerIdentity | undefined;
  let dueAt = 0;
  const deleteWhenDue = async (signal: AbortSignal): Promise<void> => {
    const current = ledger();
    if (current === undefined) return;
    const now = performance.now();
    if (current !== last) dueAt = now + AFTER_CHANGE_MS;
    last = current;
    if (now < dueAt) return;
    let keys = 0;
    for (const shard of store.shards()) keys += await deleteRetired(shard, current, signal);
    dueAt = now + DELETE_EVERY_MS;
    if (keys > 0) logger.info(`deleted ${keys} keys of unused ledgers from Redis`, { event: 'counters.retired', keys });
  };
  return every(CHECK_EVERY_MS, deleteWhenDue, {
    onError: (error) =>
      logger.debug('counters of unused ledgers could not be deleted', { event: 'counters.retire_failed', error }),
  }).stop;
}

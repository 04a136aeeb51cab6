import { type CounterStore, deleteRetired } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';

export interface RetiredCountersOptions {
  readonly store: CounterStore;
  /** The identity of the ledger as it was last read; undefined before that. */
  readonly ledger: () => LedgerIdentity | undefined;
  /** Called with the number of keys that were deleted, where there were any. */
  readonly onDeleted: (keys: number) => void;
}

/** As often as Redis is looked through for what others have left. After a change of the ledger it is done at once. */
const LOOK_EVERY_MS = 3_600_000;

/** Longer than counters must be out of use before they are deleted. */
const AFTER_CHANGE_MS = 20_000;

/**
 * Deletes counters of ledgers that are out of use: those from before a restore, and of databases that are gone.
 *
 * @returns does it where it is due; call it every few seconds. Throws when Redis can't be reached, or it was broken off
 */
export function createRetiredCounters({ store, ledger, onDeleted }: RetiredCountersOptions) {
  let last: LedgerIdentity | undefined;
  let dueAt = 0;
  return async (signal: AbortSignal): Promise<void> => {
    const current = ledger();
    if (current === undefined) return;
    const now = performance.now();
    if (current !== last) dueAt = now + AFTER_CHANGE_MS;
    last = current;
    if (now < dueAt) return;
    let keys = 0;
    for (const shard of store.shards()) keys += await deleteRetired(shard, current, signal);
    dueAt = now + LOOK_EVERY_MS;
    if (keys > 0) onDeleted(keys);
  };
}

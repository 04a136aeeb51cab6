import type { CounterStore, Database } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import { monotonic } from '@ads/runtime';
import type { CountersReading } from './counters.js';
import type { Floors } from './floors.js';
import { readPostgresCounters } from './postgres-counters.js';
import { readRedisCounters } from './redis-counters.js';

export interface CountersDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** The identity of the ledger, while Postgres holds no doubt about its counters in Redis; else undefined. */
  readonly undoubted: () => LedgerIdentity | undefined;
  readonly floors: Floors;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Counters of some ads: from Redis while it is trusted, else from Postgres; never zeros in place of what is unknown.
 *
 * @throws when neither can answer
 */
export async function readCounters(
  { database, store, undoubted, floors, now }: CountersDependencies,
  adIds: readonly string[],
): Promise<CountersReading> {
  const ledger = undoubted();
  if (ledger !== undefined) {
    // Without Redis, Postgres answers; the breaker and its metric report Redis.
    const counters = await readRedisCounters(store, ledger, adIds, now()).catch(() => undefined);
    // Asked again after the reading: a doubt may have come up meanwhile, or the database been restored.
    if (counters && undoubted() === ledger && floors.hold(counters, monotonic())) return { source: 'redis', counters };
  }
  const counters = await readPostgresCounters(database, adIds, now());
  floors.raise(counters, monotonic());
  return { source: 'postgres', counters };
}

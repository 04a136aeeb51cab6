import type { CounterStore, Database } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import { monotonic } from '@ads/runtime';
import type { CountersResult } from './counters.js';
import type { MonotonicReadGuard } from './monotonic-read-guard.js';
import { readPostgresCounters } from './postgres-counters.js';
import { readRedisCounters } from './redis-counters.js';

export interface CountersDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** The identity of the ledger, while Postgres holds no doubt about its counters in Redis; else undefined. */
  readonly undoubted: () => LedgerIdentity | undefined;
  readonly guard: MonotonicReadGuard;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Reads counters of some ads, from Redis while it is trusted, else from Postgres.
 *
 * @throws DependencyUnavailable when neither store answers
 */
export async function readCounters(
  { database, store, undoubted, guard, now }: CountersDependencies,
  adIds: readonly string[],
): Promise<CountersResult> {
  const ledger = undoubted();
  if (ledger !== undefined) {
    // Without Redis, Postgres answers; the breaker and its metric report Redis.
    const counters = await readRedisCounters(store, ledger, adIds, now()).catch(() => undefined);
    // Checks again after the read, as a doubt may have been stored or the database restored meanwhile.
    if (counters && undoubted() === ledger && guard.admits(counters, monotonic())) return { source: 'redis', counters };
  }
  const counters = await readPostgresCounters(database, adIds, now());
  guard.remember(counters, monotonic());
  return { source: 'postgres', counters };
}

import type { CounterStore, Database } from '@ads/ledger';
import type { CountersReading } from './counters.js';
import { readPostgresCounters } from './postgres-counters.js';
import { readRedisCounters } from './redis-counters.js';

export interface CountersDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** True while Postgres holds no doubt about the counters in Redis. */
  readonly undoubted: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Counters of some ads: from Redis where it can be believed, else from Postgres; never zeros for want of knowing.
 *
 * @throws when neither can answer
 */
export async function readCounters(
  { database, store, undoubted, now }: CountersDependencies,
  adIds: readonly string[],
): Promise<CountersReading> {
  if (undoubted()) {
    // Redis being away is what Postgres is there for; the breaker and its metric tell of it.
    const counters = await readRedisCounters(store, adIds, now()).catch(() => undefined);
    // Asked again after the reading: a doubt may have come up meanwhile.
    if (counters && undoubted()) return { source: 'redis', counters };
  }
  return { source: 'postgres', counters: await readPostgresCounters(database, adIds, now()) };
}

import type { CounterStore, Database } from '@ads/ledger';
import type { CountersReading } from './counters.js';
import type { Floors } from './floors.js';
import { readPostgresCounters } from './postgres-counters.js';
import { readRedisCounters } from './redis-counters.js';

export interface CountersDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** True while Postgres holds no doubt about the counters in Redis. */
  readonly undoubted: () => boolean;
  readonly floors: Floors;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Counters of some ads: from Redis where it can be believed, else from Postgres; never zeros for want of knowing.
 *
 * @throws when neither can answer
 */
export async function readCounters(
  { database, store, undoubted, floors, now }: CountersDependencies,
  adIds: readonly string[],
): Promise<CountersReading> {
  if (undoubted()) {
    // Redis being away is what Postgres is there for; the breaker and its metric tell of it.
    const counters = await readRedisCounters(store, adIds, now()).catch(() => undefined);
    // Asked again after the reading: a doubt may have come up meanwhile.
    if (counters && undoubted() && floors.hold(counters, now())) return { source: 'redis', counters };
  }
  const counters = await readPostgresCounters(database, adIds, now());
  floors.raise(counters, now());
  return { source: 'postgres', counters };
}

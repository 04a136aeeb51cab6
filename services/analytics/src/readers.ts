import type { AdCatalogue } from '@ads/ledger';
import { type Clock, type Metrics, monotonic } from '@ads/runtime';
import { type AdResult, createAdReader } from './ad-reader.js';
import { createAnswerMetrics } from './answer-metrics.js';
import { createCachedList } from './cached-list.js';
import type { Connections } from './connections.js';
import type { CountersResult } from './counters.js';
import type { DoubtWatch } from './doubt-watch.js';
import { createMonotonicReadGuard } from './monotonic-read-guard.js';
import { readCounters } from './read-counters.js';

export interface ReadersOptions {
  readonly connections: Pick<Connections, 'postgres' | 'redis'>;
  readonly doubts: Pick<DoubtWatch, 'undoubted' | 'ledger'>;
  readonly clock: Pick<Clock, 'now' | 'measuredNow'>;
  readonly catalogue: Pick<AdCatalogue, 'ids'>;
  readonly listMaxAgeMs: number;
  readonly metrics: Metrics;
}

/** Counters and when they were read. */
export interface TimedCounters extends CountersResult {
  /** Milliseconds since the epoch, by the clock of the windows. */
  readonly time: number;
}

/** The reads of counters for answers and live streams. The source of each is counted. */
export interface Readers {
  readonly readAd: (adId: string) => Promise<AdResult>;
  readonly readSome: (adIds: readonly string[]) => Promise<TimedCounters>;
  /** The cached list of all ads, while the catalogue has `ids()`. */
  readonly readAll: () => Promise<TimedCounters>;
}

export function createReaders(options: ReadersOptions): Readers {
  const { connections, doubts, clock, catalogue, listMaxAgeMs, metrics } = options;
  const { postgres, redis } = connections;
  const counted = createAnswerMetrics(metrics);
  const guard = createMonotonicReadGuard();
  const read = async (adIds: readonly string[]) => {
    // Windows follow the clock of Postgres, never the clock of this host.
    if (clock.measuredNow() === undefined) await postgres.ping();
    const time = clock.now();
    const dependencies = { database: postgres, store: redis, undoubted: doubts.undoubted, guard, now: clock.now };
    return { ...(await readCounters(dependencies, adIds)), time };
  };
  const readAd = createAdReader(read);
  const readSome = async (adIds: readonly string[]) => counted(await read(adIds));
  return {
    readAd: async (adId) => counted(await readAd(adId)),
    readSome,
    readAll: createCachedList(() => readSome([...(catalogue.ids() ?? [])]), listMaxAgeMs, doubts.ledger, monotonic),
  };
}

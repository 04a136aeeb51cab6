import type { AdCatalogue } from '@ads/ledger';
import { type Clock, type Metrics, monotonic } from '@ads/runtime';
import { createAdReader } from './ad-reader.js';
import { createAnswerMetrics } from './answer-metrics.js';
import type { AnswersDependencies } from './answers.js';
import { createCachedList } from './cached-list.js';
import type { Connections } from './connections.js';
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

/** The reads of counters for answers: of one ad, of some, and the cached list of all. The source of each is counted. */
export function createReaders(options: ReadersOptions): Pick<AnswersDependencies, 'readAd' | 'readSome' | 'readAll'> {
  const { connections, doubts, clock, catalogue, listMaxAgeMs, metrics } = options;
  const { postgres, redis } = connections;
  const counted = createAnswerMetrics(metrics);
  const guard = createMonotonicReadGuard();
  const read = async (adIds: readonly string[]) => {
    // Windows follow the clock of Postgres, never the clock of this host.
    if (clock.measuredNow() === undefined) await postgres.ping();
    const dependencies = { database: postgres, store: redis, undoubted: doubts.undoubted, guard, now: clock.now };
    return await readCounters(dependencies, adIds);
  };
  const readAd = createAdReader(read);
  const readSome = async (adIds: readonly string[]) => counted(await read(adIds));
  return {
    readAd: async (adId) => counted(await readAd(adId)),
    readSome,
    readAll: createCachedList(() => readSome([...(catalogue.ids() ?? [])]), listMaxAgeMs, doubts.ledger, monotonic),
  };
}

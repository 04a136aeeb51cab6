import type { Metrics } from '@ads/runtime';
import type { Source } from './counters.js';

/** Counts who answered: a reading that Redis could not give, or was not believed, is a miss. */
export function createAnswerMetrics({ redisOperations }: Metrics) {
  const counters = {
    redis: redisOperations.labels({ operation: 'read_counters', status: 'hit' }),
    postgres: redisOperations.labels({ operation: 'read_counters', status: 'miss' }),
  };
  return <Reading extends { readonly source: Source }>(reading: Reading): Reading => {
    counters[reading.source].inc();
    return reading;
  };
}

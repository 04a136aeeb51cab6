import type { Metrics } from '@ads/runtime';
import type { Source } from './counters.js';

/** Counts the source of each result. Redis is a hit; Postgres, because Redis failed or was not trusted, is a miss. */
export function createAnswerMetrics({ redisOperations }: Metrics) {
  const counters = {
    redis: redisOperations.labels({ operation: 'read_counters', status: 'hit' }),
    postgres: redisOperations.labels({ operation: 'read_counters', status: 'miss' }),
  };
  return <Result extends { readonly source: Source }>(result: Result): Result => {
    counters[result.source].inc();
    return result;
  };
}

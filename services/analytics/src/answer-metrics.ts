import type { Metrics } from '@ads/runtime';
import type { CountersReading } from './counters.js';

/** Counts who answered: a reading that Redis could not give, or was not believed, is a miss. */
export function createAnswerMetrics({ redisOperations }: Metrics) {
  return (reading: CountersReading): CountersReading => {
    redisOperations.inc({ operation: 'read_counters', status: reading.source === 'redis' ? 'hit' : 'miss' });
    return reading;
  };
}

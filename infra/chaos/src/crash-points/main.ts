import { type ConsumerConfig, consumerVariables } from '@ads/consumer/dist/config.js';
import { type Connections, openConnections } from '@ads/consumer/dist/connections.js';
import { createConsumerHealth } from '@ads/consumer/dist/consumer-health.js';
import { createConsumerMetrics } from '@ads/consumer/dist/consumer-metrics.js';
import { createIncidents } from '@ads/consumer/dist/incidents.js';
import { startRecording } from '@ads/consumer/dist/recording.js';
import { serveManagement } from '@ads/consumer/dist/serve-management.js';
import type { CounterStore } from '@ads/ledger';
import { VERSION } from '@ads/models';
import { createClock, runProcess } from '@ads/runtime';
import { type CrashPoint, crashingDatabase, crashingStore } from './crash-point.js';

/*
 * The consumer of services/consumer with two differences: it kills itself at a certain point of its work, and it only records.
 * The other consumer maintains counters, tables and the queue.
 *
 * Arguments: the crash point, and the number of the batch.
 */
const [point, batch] = process.argv.slice(2) as [CrashPoint, string];

/** The connections and the counter store, of which one kills the process at the crash point. */
function crashing(connections: Connections): { connections: Connections; store: CounterStore } {
  const { postgres, redis } = connections;
  if (point === 'between-judge-and-commit') {
    return { connections: { ...connections, postgres: crashingDatabase(postgres, Number(batch)) }, store: redis };
  }
  return { connections, store: crashingStore(redis, point, Number(batch)) };
}

await runProcess<ConsumerConfig>({
  service: 'consumer',
  version: VERSION,
  variables: consumerVariables,
  async start(context) {
    const { logger, metrics, conditions, shutdown } = context;
    const clock = createClock(metrics, conditions);
    const { connections, store } = crashing(openConnections(context, clock));
    const incidents = createIncidents(logger);
    const counted = createConsumerMetrics(metrics.registry, clock);
    const recording = startRecording({ context, connections, store, clock, counted, incidents });
    shutdown.add('recording', recording.stop);
    const nothing = () => undefined;
    await serveManagement(context, createConsumerHealth(context, connections, incidents, nothing, nothing));
  },
});

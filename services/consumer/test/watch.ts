import { type TestServers, type Variables, waitFor } from '@ads/local';
import { type WireReader, wireReader } from '@ads/models';
import { createClock, createConditions, createMetrics, createShutdown, loadConfig } from '@ads/runtime';
import { type ConsumerConfig, consumerVariables } from '../src/config.js';
import { openConnections } from '../src/connections.js';
import { createConsumerMetrics } from '../src/consumer-metrics.js';
import { createIncidents } from '../src/incidents.js';
import { createNewerEvents } from '../src/newer-events.js';
import { createQueueCheck } from '../src/queue-watch.js';
import { startRecording } from '../src/recording.js';
import { captureLog } from './log.js';

/**
 * A recording in this process, and the queue check beside it.
 *
 * @param change replaces the recording of recovered messages, and may call it
 * @param reader decodes events that older consumers could not read
 */
export async function startWatch(
  testServers: TestServers,
  env: Variables,
  change: (recordRecovered: () => Promise<void>) => Promise<void> = (record) => record(),
  reader: WireReader = wireReader,
) {
  const { logger, lines, events } = captureLog();
  const metrics = createMetrics('test');
  const conditions = createConditions(metrics, logger);
  const shutdown = createShutdown(logger);
  testServers.onRelease(shutdown.run);
  const config = loadConfig<ConsumerConfig>(env, consumerVariables);
  const context = { version: '1.2.3', config, logger, metrics, conditions, shutdown, tracing: undefined };
  const clock = createClock(metrics, conditions);
  const connections = openConnections(context, clock);
  await waitFor(() => connections.nats.connection(), { timeoutMs: 10_000, what: 'the connection to NATS' });
  await connections.postgres.ping();
  const counted = createConsumerMetrics(metrics.registry, clock);
  const incidents = createIncidents(logger);
  const recording = startRecording({ context, connections, store: connections.redis, clock, counted, incidents });
  shutdown.add('recording', recording.stop);
  const time = { now: 1_000_000 };
  const check = createQueueCheck({
    nats: connections.nats,
    recording: {
      ...recording,
      recordRecovered: (messages) => change(() => recording.recordRecovered(messages)),
    },
    recordNewer: createNewerEvents({
      wireReader: reader,
      record: recording.recordRecovered,
      condition: conditions.declare('newer_events'),
      logger,
    }),
    ackWaitMs: context.config.NATS_ACK_WAIT_SECONDS * 1_000,
    now: () => time.now,
    counted,
    logger,
  });
  return {
    check,
    time,
    lines,
    events: () => events().filter((line) => line.startsWith('warn queue.')),
    conditions: conditions.active,
  };
}

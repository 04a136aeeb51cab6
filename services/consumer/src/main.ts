import { gateRules } from '@ads/connections';
import { awaitSchema, gateRulesInForce, keepRulesRegistered } from '@ads/ledger';
import { VERSION, wireReader } from '@ads/models';
import { createClock, minutesKept, monotonic, runProcess } from '@ads/runtime';
import { keepBackfilling } from './backfill-reports.js';
import { type ConsumerConfig, consumerVariables } from './config.js';
import { openConnections } from './connections.js';
import { createConsumerHealth } from './consumer-health.js';
import { createConsumerMetrics } from './consumer-metrics.js';
import { createCountersStatus } from './counters-status.js';
import { createIncidents } from './incidents.js';
import { keepCounters } from './keep-counters.js';
import { keepDays } from './keep-days.js';
import { keepTables } from './keep-tables.js';
import { keepViewerSalts } from './keep-viewer-salts.js';
import { createNewerEvents } from './newer-events.js';
import { keepNotingRecorded } from './note-recorded.js';
import { startQueueWatch } from './queue-watch.js';
import { startRecording } from './recording.js';
import { createRemoval } from './remove-old-events.js';
import { deleteRetiredCounters } from './retired-counters.js';
import { runAudit } from './run-audit.js';
import { serveManagement } from './serve-management.js';

await runProcess<ConsumerConfig>({
  service: 'consumer',
  version: VERSION,
  variables: consumerVariables,
  async start(context) {
    const { config, logger, metrics, conditions, shutdown } = context;
    const clock = createClock(metrics, conditions);
    const connections = openConnections(context, clock);
    const { postgres, redis, nats } = connections;

    const incidents = createIncidents(logger);
    const counted = createConsumerMetrics(metrics.registry, clock);
    const status = createCountersStatus(logger, counted, incidents);
    const counters = { database: postgres, store: redis, now: clock.earliest, observer: status };
    shutdown.add('counters', keepCounters(counters));
    shutdown.add('retired counters', deleteRetiredCounters({ store: redis, ledger: status.ledger, logger }));
    const missing = conditions.declare('partitions_missing');
    const remove = createRemoval({ postgres, clock, keepDays: config.EVENT_RETENTION_DAYS, logger });
    const kept = minutesKept(config);
    const tables = {
      postgres,
      clock,
      minutesKept: kept,
      remove,
      condition: missing,
      onDays: counted.partitionDays,
      logger,
    };
    shutdown.add('tables', keepTables(tables));
    const backfill = { database: postgres, store: redis, minutesKept: kept, now: clock.earliest, logger };
    shutdown.add('recorded events', keepNotingRecorded({ nats, database: postgres, clock, logger }));
    shutdown.add('backfill', keepBackfilling(backfill));
    shutdown.add('salts of viewers', keepViewerSalts({ database: postgres, logger }));
    shutdown.add('days', keepDays({ config, database: postgres, logger }));

    const inForce = [gateRulesInForce(gateRules(config))];
    shutdown.add('rules', keepRulesRegistered({ database: postgres, inForce: () => inForce, logger }));
    const recording = startRecording({ context, connections, store: redis, clock, counted, incidents });
    shutdown.add('recording', recording.stop);
    const ackWaitMs = config.NATS_ACK_WAIT_SECONDS * 1_000;
    const recordNewer = createNewerEvents({
      wireReader,
      record: recording.recordRecovered,
      condition: conditions.declare('newer_events'),
      logger,
    });
    const queue = { nats, recording, recordNewer, ackWaitMs, now: monotonic, counted, logger };
    shutdown.add('queue watch', startQueueWatch(queue));
    const everyMs = config.COUNTERS_AUDIT_SECONDS * 1_000;
    const { recentAds } = recording;
    shutdown.add('audit', runAudit({ database: postgres, store: redis, nats, recentAds, everyMs, counted, logger }));

    const blocked = awaitSchema(context, postgres);
    const health = createConsumerHealth(context, connections, incidents, status.distrust, blocked);
    await serveManagement(context, health);
  },
});

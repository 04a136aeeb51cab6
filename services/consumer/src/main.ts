import { isDataError, openNats, openPostgres, openRedis } from '@ads/connections';
import { createLedger, pruneMinutes, pruneSeconds } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import {
  createClock,
  createHealth,
  listen,
  managementEndpoints,
  monotonic,
  probe,
  runProcess,
  type ServerTime,
} from '@ads/runtime';
import { createAudit } from './audit.js';
import { type ConsumerConfig, consumerVariables } from './config.js';
import { startConsuming } from './consume.js';
import { createConsumerMetrics } from './consumer-metrics.js';
import { createDeadLetterReport } from './dead-letter-report.js';
import { createDeadLetterStore } from './dead-letter-store.js';
import { createDeadLetterWriter } from './dead-letter-writer.js';
import type { HeldMessage } from './held-messages.js';
import { keepCounters } from './keep-counters.js';
import { keepTables } from './keep-tables.js';
import { ensureLedgerConsumer, forgetDeliveries, readBacklog, readSequences, readStreams } from './ledger-consumer.js';
import { createPassedOverWatch } from './passed-over.js';
import { pruneSafely } from './prune-safely.js';
import { createRecentAds } from './recent-ads.js';
import { recordMessages } from './record-messages.js';
import { repeat } from './repeat.js';
import { createRetiredCounters } from './retired-counters.js';
import { createStuckQueueWatch } from './stuck-queue.js';
import { sweep } from './sweep.js';
import { createTrouble } from './trouble.js';

const service = 'consumer';
const BACKLOG_EVERY_MS = 5_000;
/** Those that an audit always compares. */
const RECENT_ADS = 30;
const AUDIT_LASTING_MS = 15_000;
const RETIRED_EVERY_MS = 5_000;
const KEEPING = 'the counters could not be looked after, it is tried until they are';
const RECORDING = 'a batch could not be recorded, it is tried until it is';

await runProcess<ConsumerConfig>({
  service,
  variables: consumerVariables,
  async start({ config, logger, metrics, conditions, shutdown }) {
    const clock = createClock(metrics, conditions);
    const onTime = (time: ServerTime) => clock.observe('postgres', time);
    const postgres = openPostgres(config, { service, metrics, logger, onTime });
    shutdown.add('postgres', postgres.close);
    const redis = openRedis(config, { service, metrics, logger });
    shutdown.add('redis', redis.close);
    const limits = {
      replicas: config.NATS_STREAM_REPLICAS,
      maxBytes: config.NATS_STREAM_MAX_BYTES,
      deadLettersMaxBytes: config.NATS_DEAD_LETTERS_MAX_BYTES,
    };
    const nats = openNats(config, {
      service,
      metrics,
      logger,
      setUp: async (connection) =>
        clock.observe('nats', await ensureLedgerConsumer(connection, limits, config.NATS_ACK_WAIT_SECONDS)),
    });
    shutdown.add('nats', nats.close);
    shutdown.add('probes', probe([postgres.ping, redis.ping, nats.ping]));

    const trouble = createTrouble(logger);
    const counted = createConsumerMetrics(metrics.registry, clock);
    const ledger = createLedger({
      database: postgres,
      store: redis,
      now: clock.earliest,
      onRaiseFailure: (error) => logger.debug('counters could not be raised, a rebuild will', { error }),
    });

    let ledgerIdentity: LedgerIdentity | undefined;
    let distrust: string | undefined;
    shutdown.add(
      'counters',
      keepCounters({
        database: postgres,
        store: redis,
        now: clock.earliest,
        onLedger: (identity) => {
          if (ledgerIdentity !== undefined && identity !== ledgerIdentity) {
            logger.warn('the database was restored, replaced, restarted or recounted: counters in redis start anew', {
              event: 'ledger.changed',
              from: ledgerIdentity,
              to: identity,
            });
          }
          ledgerIdentity = identity;
        },
        onTrust: (trusted) => {
          counted.trusted(trusted);
          if (!trusted || distrust === undefined) return;
          distrust = undefined;
          logger.info('counters in Redis are trusted again', { event: 'counters.trusted' });
        },
        onDistrust: (reason) => {
          distrust = reason;
          logger.info('counters in Redis are not trusted, rebuilding them', { event: 'counters.untrusted', reason });
        },
        onRebuild: (rebuild, milliseconds) => {
          if (rebuild.state === 'done') counted.rebuilt(milliseconds / 1_000);
          logger.info(`rebuild of the counters in redis: ${rebuild.state}`, { ...rebuild, milliseconds });
        },
        onFailure: (error) => trouble.report(KEEPING, error),
        onLooked: () => trouble.over(KEEPING),
      }),
    );
    const deleteRetired = createRetiredCounters({
      store: redis,
      ledger: () => ledgerIdentity,
      onDeleted: (keys) =>
        logger.info('deleted counters of databases that are out of use', { event: 'counters.retired', keys }),
    });
    shutdown.add(
      'retired counters',
      repeat(deleteRetired, RETIRED_EVERY_MS, (error) =>
        logger.debug('counters of databases that are out of use could not be deleted', { error }),
      ),
    );
    shutdown.add(
      'tables',
      keepTables({
        database: postgres,
        prune: (signal) =>
          pruneSafely(clock, postgres, async () => {
            await pruneSeconds(postgres, signal);
            await pruneMinutes(postgres, signal);
          }),
        condition: conditions.declare('partitions_missing'),
        onDays: counted.partitionDays,
        logger,
      }),
    );
    const recentAds = createRecentAds(RECENT_ADS, Math.random);
    const record = (messages: readonly HeldMessage[]) =>
      recordMessages(
        {
          record: ledger.recordQueued,
          isDataError,
          onRecorded: (events, outcome) => {
            counted.recorded(events, outcome);
            recentAds.note(events);
          },
        },
        messages,
      );
    const report = createDeadLetterReport(logger);
    const blocked = conditions.declare('dead_letters_blocked');
    // Shorter than the silence after which a queue counts as stuck.
    const longestDelayMs = 2 * config.NATS_ACK_WAIT_SECONDS * 1_000;
    const store = createDeadLetterStore({
      connection: nats.connection,
      timeoutMs: config.NATS_TIMEOUT_MS,
      quietMs: 2 * longestDelayMs,
      onBlocked: (reason) => {
        counted.deadLetterRefused();
        blocked.hold(
          `the stream AD_DEAD_LETTERS refuses dead letters (${reason}), so they wait in AD_EVENTS; if it is full, replay or drop letters, or raise NATS_DEAD_LETTERS_MAX_BYTES`,
        );
      },
      onFree: blocked.clear,
    });
    const writer = createDeadLetterWriter({
      store,
      longestDelayMs,
      onStored: (letter) => {
        counted.deadLetter(letter);
        metrics.natsMessages.inc({ direction: 'out', status: 'ok' });
        report.stored(letter);
      },
      onKeptBack: counted.keptBack,
    });
    const consuming = startConsuming({
      connection: nats.connection,
      record,
      writeDeadLetters: writer.write,
      onReceived: () => metrics.natsMessages.inc({ direction: 'in', status: 'ok' }),
      onRecorded: () => trouble.over(RECORDING),
      onFailure: (error) => trouble.report(RECORDING, error),
      onPullFailure: (error) => logger.debug('messages could not be pulled', { error }),
      maxMessages: config.CONSUMER_MAX_MESSAGES,
      maxBytes: config.CONSUMER_MAX_BYTES,
      maxEvents: config.CONSUMER_BATCH_EVENTS,
      ackWaitMs: config.NATS_ACK_WAIT_SECONDS * 1_000,
    });
    shutdown.add('consuming', consuming.stop);

    const isStuck = createStuckQueueWatch(config.NATS_ACK_WAIT_SECONDS * 1_000, monotonic);
    const passedOver = createPassedOverWatch(config.NATS_ACK_WAIT_SECONDS * 1_000, monotonic);
    const readQueue = async () => {
      const backlog = await nats.run(readBacklog, 'read_backlog');
      counted.backlog(backlog);
      const connection = nats.connection();
      const range = passedOver.look(backlog);
      if (connection && range) {
        const messages = await sweep(connection, range, async (messages) => {
          const fates = await Promise.all(writer.write(await record(messages)));
          if (fates.includes('kept back')) throw new Error('dead letters could not be stored');
        });
        passedOver.readPast(range.to);
        if (messages > 0) logger.warn('nats had passed over messages; they were read past it', { messages });
      }
      // What we hold ourselves is not forgotten: it waits for Postgres.
      if (isStuck(backlog) && consuming.isIdle()) {
        logger.warn('the queue stood still with messages in it; it is looked through again', { ...backlog });
        await nats.run(forgetDeliveries, 'forget_deliveries');
        await nats.ping();
      }
      counted.streams(await nats.run(readStreams, 'read_streams'));
      await store.moveWaiting(backlog.waitingLetters);
    };
    shutdown.add(
      'backlog',
      repeat(readQueue, BACKLOG_EVERY_MS, (error) => logger.debug('backlog could not be read', { error })),
    );

    const audit = createAudit({
      database: postgres,
      store: redis,
      readSequences: () => nats.run(readSequences),
      recentAds: recentAds.list,
      lastingMs: AUDIT_LASTING_MS,
      random: Math.random,
      onAudited: counted.audited,
      onMismatch: (difference, direction) => {
        counted.mismatch(direction);
        logger.error('a counter in redis is wrong: postgres answers until redis is filled anew', {
          event: 'counters.mismatch',
          direction,
          ...difference,
        });
      },
    });
    shutdown.add(
      'audit',
      repeat(audit, config.COUNTERS_AUDIT_SECONDS * 1_000, (error) =>
        logger.debug('the counters in redis could not be audited', { error }),
      ),
    );

    const health = createHealth({
      service,
      version: '1.0.0',
      description: 'Writes queued events to the ledger, and keeps the counters rebuilt.',
      conditions,
      dependencies: {
        nats: nats.health,
        postgres: postgres.health,
        // What Redis says comes first: it may be why its counters are not trusted.
        redis: () => (distrust === undefined ? redis.health() : { detail: distrust, ...redis.health() }),
      },
      // Without NATS or Postgres it waits, and loses nothing: to be restarted would not help.
      status: (dependencies) =>
        Object.values(dependencies).every(({ status }) => status === 'up') && distrust === undefined && !trouble.isOn()
          ? 'healthy'
          : 'degraded',
      ready: () => true,
    });
    const answer = managementEndpoints({ health, metrics });
    const port = await listen(
      {
        handler: (request, response) => {
          if (!answer(request, response)) response.writeHead(404).end();
        },
        config,
        logger,
        metrics,
        health,
      },
      shutdown,
    );
    logger.info('listening', { host: config.HTTP_HOST, port });
  },
});

import { isDataError, openNats, openPostgres, openRedis } from '@ads/connections';
import { type ConsumerConfig, consumerVariables } from '@ads/consumer/dist/config.js';
import { startConsuming } from '@ads/consumer/dist/consume.js';
import { createDeadLetterStore } from '@ads/consumer/dist/dead-letter-store.js';
import { createDeadLetterWriter } from '@ads/consumer/dist/dead-letter-writer.js';
import { ensureLedgerConsumer } from '@ads/consumer/dist/ledger-consumer.js';
import { recordMessages } from '@ads/consumer/dist/record-messages.js';
import { createLedger } from '@ads/ledger';
import { createHealth, listen, managementEndpoints, runProcess } from '@ads/runtime';
import { type CrashPoint, crashingStore } from './crash-point.js';

/*
 * The consumer of services/consumer, wired from the same parts, with one difference: it dies at a certain point of its
 * work. It keeps neither counters nor tables; the other consumer does.
 */
const service = 'consumer';
// The arguments: the point, and the number of the batch.
const [point, batch] = process.argv.slice(2);

await runProcess<ConsumerConfig>({
  service,
  variables: consumerVariables,
  async start({ config, logger, metrics, shutdown }) {
    const postgres = openPostgres(config, { service, metrics, logger });
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
      setUp: async (connection) => {
        await ensureLedgerConsumer(connection, limits, config.NATS_ACK_WAIT_SECONDS);
      },
    });
    shutdown.add('nats', nats.close);
    const ledger = createLedger({
      database: postgres,
      store: crashingStore(redis, point as CrashPoint, Number(batch)),
      now: Date.now,
      onRaiseFailure: (error) => logger.warn('counters could not be raised', { error }),
    });
    const longestDelayMs = 2 * config.NATS_ACK_WAIT_SECONDS * 1_000;
    const writer = createDeadLetterWriter({
      store: createDeadLetterStore({
        connection: nats.connection,
        timeoutMs: config.NATS_TIMEOUT_MS,
        quietMs: 2 * longestDelayMs,
        onBlocked: (reason) => logger.warn('dead letters are refused', { event: 'dead_letters.refused', reason }),
        onFree: () => undefined,
      }),
      longestDelayMs,
      onStored: () => undefined,
      onKeptBack: () => undefined,
    });
    const consuming = startConsuming({
      connection: nats.connection,
      record: (messages) =>
        recordMessages(
          {
            record: ledger.recordQueued,
            isDataError,
            onRecorded: () => undefined,
          },
          messages,
        ),
      writeDeadLetters: writer.write,
      onReceived: () => undefined,
      onRecorded: () => undefined,
      onFailure: (error) => logger.warn('a batch could not be recorded, it is tried again', { error }),
      onPullFailure: (error) => logger.debug('messages could not be pulled', { error }),
      maxMessages: config.CONSUMER_MAX_MESSAGES,
      maxBytes: config.CONSUMER_MAX_BYTES,
      maxEvents: config.CONSUMER_BATCH_EVENTS,
      ackWaitMs: config.NATS_ACK_WAIT_SECONDS * 1_000,
    });
    shutdown.add('consuming', consuming.stop);
    const health = createHealth({
      service,
      version: '1.0.0',
      description: 'A consumer that dies at a certain point.',
      dependencies: { nats: nats.health, postgres: postgres.health, redis: redis.health },
      status: () => 'healthy',
      ready: () => true,
    });
    const answer = managementEndpoints({ health, metrics });
    await listen(
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
  },
});

import { gateRules, isDataError } from '@ads/connections';
import { type CounterStore, createLedger } from '@ads/ledger';
import { type Clock, minutesKept, type ProcessContext } from '@ads/runtime';
import type { ConsumerConfig } from './config.js';
import type { Connections } from './connections.js';
import { type Consuming, startConsuming } from './consume.js';
import type { ConsumerMetrics } from './consumer-metrics.js';
import { createDeadLetterReport } from './dead-letter-report.js';
import { createDeadLetterStore, type DeadLetterStore } from './dead-letter-store.js';
import { createDeadLetterWriter } from './dead-letter-writer.js';
import type { Incidents } from './incidents.js';
import type { BufferedMessage } from './message-buffer.js';
import { storeNewer } from './newer-events.js';
import { createRecentAds, type RecentAds } from './recent-ads.js';
import { recordMessages } from './record-messages.js';
import { traceMessages } from './trace-messages.js';

/** Pulls, records, raises and acknowledges messages. Their bad events become dead letters. */
export interface Recording extends Consuming, Pick<DeadLetterStore, 'moveWaiting'> {
  /**
   * Records messages that the queue did not deliver, and stores their dead letters.
   *
   * @throws when Postgres fails, or a dead letter could not be stored; recording the messages again is safe
   */
  recordRecovered(messages: readonly BufferedMessage[]): Promise<void>;
  /** Recently recorded ads, for the audit. */
  readonly recentAds: RecentAds;
}

export interface RecordingOptions {
  readonly context: Pick<ProcessContext<ConsumerConfig>, 'config' | 'logger' | 'metrics' | 'conditions' | 'tracing'>;
  readonly connections: Pick<Connections, 'postgres' | 'nats'>;
  /** The Redis servers whose counters are raised. */
  readonly store: CounterStore;
  readonly clock: Pick<Clock, 'earliest'>;
  readonly counted: ConsumerMetrics;
  readonly incidents: Incidents;
}

/** Number of recently recorded ads that each audit compares. */
const RECENT_ADS = 30;

/** Starts to record messages; `stop` ends it. */
export function startRecording(options: RecordingOptions): Recording {
  const { context, connections, store, clock, counted, incidents } = options;
  const { config, logger, metrics, conditions, tracing } = context;
  const { postgres, nats } = connections;
  const ackWaitMs = config.NATS_ACK_WAIT_SECONDS * 1_000;
  const recentAds = createRecentAds(RECENT_ADS, Math.random);
  const ledger = createLedger({
    database: postgres,
    store,
    gate: gateRules(config),
    maxLabelValues: config.MAX_LABEL_VALUES,
    minutesKept: minutesKept(config),
    now: clock.earliest,
    onRaiseFailure: (error) =>
      logger.debug('counters could not be raised; a rebuild follows', { event: 'counters.raise_failed', error }),
    onReuseFailure: (error) =>
      logger.debug('reused sessions of a batch could not be counted', { event: 'sessions.reuse_not_counted', error }),
  });
  const traces = tracing && traceMessages(tracing);
  const untraced = (messages: readonly BufferedMessage[]) =>
    recordMessages(
      {
        recordEvents: ledger.recordQueued,
        isDataError,
        onRecorded: (events, outcome) => {
          counted.recorded(events, outcome);
          recentAds.note(events);
        },
      },
      messages,
    );
  const record: typeof untraced = traces ? (messages) => traces.ofBatch(messages, () => untraced(messages)) : untraced;

  const report = createDeadLetterReport(logger);
  const blocked = conditions.declare('dead_letters_blocked');
  // Shorter than the three ack waits without a change after which a queue counts as stuck.
  const longestDelayMs = 2 * ackWaitMs;
  const deadLetters = createDeadLetterStore({
    connection: nats.connection,
    timeoutMs: config.NATS_TIMEOUT_MS,
    quietMs: 2 * longestDelayMs,
    onBlocked: (reason) => {
      counted.deadLetterRefused();
      blocked.hold(
        `the stream AD_DEAD_LETTERS refuses dead letters (${reason}), so they wait in AD_EVENTS; if it is full, replay or drop dead letters, or raise NATS_DEAD_LETTERS_MAX_BYTES`,
      );
    },
    onFree: blocked.clear,
  });
  const writer = createDeadLetterWriter({
    store: {
      put: ({ version, ...letter }) =>
        version === undefined
          ? deadLetters.put(letter)
          : storeNewer(nats.connection(), { ...letter, version }, config.NATS_TIMEOUT_MS),
    },
    longestDelayMs,
    onStored: (letter) => {
      metrics.natsMessages.inc({ direction: 'out', status: 'ok' });
      if (letter.version !== undefined) return;
      counted.deadLetter(letter);
      report.stored(letter);
    },
    onKeptBack: counted.keptBack,
  });

  const incident = incidents.declare({
    subject: 'recording',
    beginEvent: 'recording.retrying',
    endEvent: 'recording.recovered',
  });
  const consuming = startConsuming({
    connection: nats.connection,
    record,
    writeDeadLetters: writer.write,
    observer: {
      onReceived(message) {
        metrics.natsMessages.inc({ direction: 'in', status: 'ok' });
        traces?.received(message);
      },
      onRecorded: incident.succeeded,
      onFailure: incident.failed,
      onPullFailure: (error) =>
        logger.debug('messages could not be pulled; the pull is retried', { event: 'queue.pull_failed', error }),
    },
    maxMessages: config.CONSUMER_MAX_MESSAGES,
    maxBytes: config.CONSUMER_MAX_BYTES,
    maxEvents: config.CONSUMER_BATCH_EVENTS,
    lingerMs: config.CONSUMER_LINGER_MS,
    ackWaitMs,
  });

  return {
    ...consuming,
    moveWaiting: deadLetters.moveWaiting,
    async recordRecovered(messages) {
      const fates = await Promise.all(writer.write(await record(messages)));
      if (fates.includes('kept back')) throw new Error('dead letters of recovered messages could not be stored');
    },
    recentAds,
  };
}

import type { Nats } from '@ads/connections';
import { every, type Logger } from '@ads/runtime';
import type { Backlog, ConsumerMetrics } from './consumer-metrics.js';
import { forgetDeliveries, readBacklog, readStreams } from './ledger-consumer.js';
import type { createNewerEvents } from './newer-events.js';
import type { Recording } from './recording.js';
import { recoverSkipped } from './recover-skipped.js';
import { createSkippedMessagesWatch } from './skipped-messages.js';
import { createStuckQueueWatch } from './stuck-queue.js';

export interface QueueWatchOptions {
  readonly nats: Pick<Nats, 'run' | 'connection' | 'ping'>;
  readonly recording: Pick<Recording, 'recordRecovered' | 'isIdle' | 'moveWaiting'>;
  readonly recordNewer: ReturnType<typeof createNewerEvents>;
  readonly ackWaitMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly counted: Pick<ConsumerMetrics, 'backlog' | 'streams'>;
  readonly logger: Logger;
}

const CHECK_EVERY_MS = 5_000;

/** Checks the queue every 5 s. @returns stops it */
export function startQueueWatch(options: QueueWatchOptions): () => Promise<void> {
  return every(CHECK_EVERY_MS, createQueueCheck(options), {
    onError: (error) => options.logger.debug('queue could not be checked', { event: 'queue.check_failed', error }),
  }).stop;
}

/**
 * One check measures the queue, records skipped messages, restarts the deliveries of a stuck queue, moves waiting dead
 * letters to their stream, and records events that older consumers could not read.
 *
 * @returns one check. It throws if JetStream is unavailable, or if not all skipped messages could be recorded: the
 * next check then recovers the same range again
 */
export function createQueueCheck(options: QueueWatchOptions): (signal?: AbortSignal) => Promise<void> {
  const { nats, recording, recordNewer, ackWaitMs, now, counted, logger } = options;
  const isStuck = createStuckQueueWatch(ackWaitMs, now);
  const skipped = createSkippedMessagesWatch(ackWaitMs, now);

  async function recover(backlog: Backlog): Promise<void> {
    const connection = nats.connection();
    const range = skipped.look(backlog);
    if (connection === undefined || range === undefined) return;
    const messages = await recoverSkipped(connection, range, recording.recordRecovered);
    skipped.recovered(range.to);
    if (messages === 0) return;
    logger.warn(`NATS skipped ${messages} messages: they were read from the stream and recorded`, {
      event: 'queue.skipped',
      messages,
    });
  }

  async function restartIfStuck(backlog: Backlog): Promise<void> {
    // While this process holds messages, they wait for Postgres, and the queue is not stuck.
    if (!isStuck(backlog) || !recording.isIdle()) return;
    logger.warn('queue is stuck: the durable consumer is recreated, and all messages are delivered again', {
      event: 'queue.stuck',
      ...backlog,
    });
    await nats.run(forgetDeliveries, 'forget_deliveries');
    // The ping creates the durable consumer again.
    await nats.ping();
  }

  return async (signal) => {
    const backlog = await nats.run(readBacklog, 'read_backlog');
    counted.backlog(backlog);
    await recover(backlog);
    await restartIfStuck(backlog);
    counted.streams(await nats.run(readStreams, 'read_streams'));
    await recording.moveWaiting(backlog.waitingDeadLetters);
    const connection = nats.connection();
    if (connection) await recordNewer(connection, backlog.newer, signal);
  };
}

import { EVENT_STREAM, EVENT_SUBJECT, LEDGER_CONSUMER, type StreamLimits, streamSettings } from '@ads/models';
import { ensureConsumer, ensureStream } from '@ads/runtime';
import type { NatsConnection } from 'nats';
import type { Backlog } from './consumer-metrics.js';

const NANOSECONDS = 1_000_000_000;

/** Messages that all consumer processes together may have unacknowledged. */
const MAX_UNACKNOWLEDGED = 50_000;

/** Makes sure that the streams and the durable consumer are there, and as they should be. */
export async function ensureLedgerConsumer(
  connection: NatsConnection,
  limits: StreamLimits,
  ackWaitSeconds: number,
): Promise<void> {
  for (const settings of streamSettings(limits)) await ensureStream(connection, settings);
  await ensureConsumer(connection, EVENT_STREAM, {
    durable_name: LEDGER_CONSUMER,
    filter_subject: EVENT_SUBJECT,
    deliver_policy: 'all',
    ack_policy: 'explicit',
    ack_wait: ackWaitSeconds * NANOSECONDS,
    max_ack_pending: MAX_UNACKNOWLEDGED,
    // However often it takes: what can never be recorded goes to the dead letters instead.
    max_deliver: -1,
  });
}

/** @throws when JetStream can't be reached */
export async function readBacklog(connection: NatsConnection): Promise<Backlog> {
  const manager = await connection.jetstreamManager();
  const info = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  const { state } = await manager.streams.info(EVENT_STREAM);
  return {
    pending: info.num_pending,
    unacknowledged: info.num_ack_pending,
    stored: state.messages,
    first: state.first_seq,
    ackFloor: info.ack_floor.stream_seq,
    delivered: info.delivered.consumer_seq,
  };
}

/**
 * Forgets who has which message: all that the stream holds comes again, and recording it again changes nothing. The
 * consumer is made anew by {@link ensureLedgerConsumer}.
 */
export async function forgetDeliveries(connection: NatsConnection): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.consumers.delete(EVENT_STREAM, LEDGER_CONSUMER);
}

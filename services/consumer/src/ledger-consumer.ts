import { ensureConsumer, ensureStreams } from '@ads/connections';
import {
  DEAD_LETTER_STREAM,
  EVENT_STREAM,
  EVENT_SUBJECT,
  LEDGER_CONSUMER,
  NEWER_EVENTS_PREFIX,
  type StreamLimits,
  streamSettings,
  WAITING_LETTER_SUBJECT,
} from '@ads/models';
import type { ServerTime } from '@ads/runtime';
import { type JetStreamManager, type NatsConnection, NatsError, type StoredMsg, type StreamState } from 'nats';
import type { Sequences } from './audit.js';
import type { Backlog, NewerMessages, StreamUse } from './consumer-metrics.js';

const NANOSECONDS = 1_000_000_000;

/** Maximum number of unacknowledged messages of all consumer processes together. */
const MAX_UNACKNOWLEDGED = 50_000;

/**
 * Creates the streams and the durable consumer if they are missing, and corrects their settings.
 *
 * @returns the time of the NATS server; undefined if it does not report one
 */
export async function ensureLedgerConsumer(
  connection: NatsConnection,
  limits: StreamLimits,
  ackWaitSeconds: number,
): Promise<ServerTime | undefined> {
  const reading = await ensureStreams(connection, streamSettings(limits));
  await ensureConsumer(connection, EVENT_STREAM, {
    durable_name: LEDGER_CONSUMER,
    filter_subject: EVENT_SUBJECT,
    deliver_policy: 'all',
    ack_policy: 'explicit',
    ack_wait: ackWaitSeconds * NANOSECONDS,
    max_ack_pending: MAX_UNACKNOWLEDGED,
    // Unlimited, because an event that can never be recorded is dead-lettered instead.
    max_deliver: -1,
  });
  return reading;
}

/** @throws when JetStream is unavailable */
export async function readBacklog(connection: NatsConnection): Promise<Backlog> {
  const manager = await connection.jetstreamManager();
  const info = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  const { state } = await manager.streams.info(EVENT_STREAM, { subjects_filter: '>' });
  // The oldest message of the stream may be a skipped one, so this reads the first one above the ack floor.
  const isEmpty = info.num_pending === 0 && info.num_ack_pending === 0;
  const oldest = isEmpty ? undefined : await messageFrom(manager, info.ack_floor.stream_seq + 1);
  return {
    pending: info.num_pending,
    unacknowledged: info.num_ack_pending,
    stored: state.subjects?.[EVENT_SUBJECT] ?? 0,
    waitingDeadLetters: state.subjects?.[WAITING_LETTER_SUBJECT] ?? 0,
    newer: newerIn(state.subjects ?? {}),
    first: await firstEvent(manager, state),
    ackFloor: info.ack_floor.stream_seq,
    delivered: info.delivered.consumer_seq,
    oldestAt: oldest?.time.getTime(),
  };
}

/** @param subjects the number of messages of each subject */
function newerIn(subjects: Readonly<Record<string, number>>): NewerMessages[] {
  return Object.entries(subjects).flatMap(([subject, messages]) =>
    subject.startsWith(NEWER_EVENTS_PREFIX)
      ? [{ version: Number(subject.slice(NEWER_EVENTS_PREFIX.length)), messages }]
      : [],
  );
}

/** @throws when JetStream is unavailable */
export async function readSequences(connection: NatsConnection): Promise<Sequences> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(EVENT_STREAM);
  return { first: await firstEvent(manager, state), last: state.last_seq };
}

/**
 * The sequence of the oldest message for the ledger, or the last sequence plus one if there is no such message. The oldest
 * message of the stream may be a dead letter or a newer event, which may wait for days.
 */
async function firstEvent(manager: JetStreamManager, state: StreamState): Promise<number> {
  return (await messageFrom(manager, state.first_seq))?.seq ?? state.last_seq + 1;
}

const NOT_FOUND = 404;
/** The error code of JetStream for the deletion of a deleted message. */
const NO_MESSAGE = [10_037, 10_043, 10_057];

/** The first message of a subject at or after a sequence number; undefined if none exists. */
export async function messageFrom(
  manager: JetStreamManager,
  seq: number,
  subject: string = EVENT_SUBJECT,
  stream: string = EVENT_STREAM,
): Promise<StoredMsg | undefined> {
  // `next_by_subj` is missing in the types of the client.
  const query = { seq, next_by_subj: subject };
  try {
    return await manager.streams.getMessage(stream, query);
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/**
 * Deletes a message. Another process may have deleted it already.
 *
 * @param options the stream, by default that of events; `overwrite` also removes the bytes from the disk
 */
export async function deleteMessage(
  manager: JetStreamManager,
  seq: number,
  { stream = EVENT_STREAM, overwrite = false } = {},
): Promise<void> {
  try {
    await manager.streams.deleteMessage(stream, seq, overwrite);
  } catch (error) {
    if (!(error instanceof NatsError && NO_MESSAGE.includes(error.api_error?.err_code ?? 0))) throw error;
  }
}

/** @throws when JetStream is unavailable */
export async function readStreams(connection: NatsConnection): Promise<StreamUse[]> {
  const manager = await connection.jetstreamManager();
  return await Promise.all(
    [EVENT_STREAM, DEAD_LETTER_STREAM].map(async (stream) => {
      const { state, config } = await manager.streams.info(stream);
      const maxBytes = config.max_bytes > 0 ? config.max_bytes : undefined;
      return { stream, messages: state.messages, bytes: state.bytes, maxBytes };
    }),
  );
}

/**
 * Deletes the durable consumer with its delivery state, so that all messages in the stream are delivered again. Recording them
 * again changes nothing. {@link ensureLedgerConsumer} creates the consumer again.
 */
export async function forgetDeliveries(connection: NatsConnection): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.consumers.delete(EVENT_STREAM, LEDGER_CONSUMER);
}

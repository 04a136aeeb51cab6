import { EVENT_STREAM, type WireReader } from '@ads/models';
import type { NatsConnection } from 'nats';
import { messageFrom } from './ledger-consumer.js';
import type { BufferedMessage } from './message-buffer.js';

/** Messages per batch and transaction. Each may have the maximum number of events that ingest puts into one message. */
const MESSAGES_PER_BATCH = 20;

/** A part of the event stream. */
export interface StoredRange {
  readonly subject: string;
  /** Stream sequence numbers, both included. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads messages from the event stream directly, without the durable consumer, in batches and in the order of their
 * sequence numbers. Acknowledging such a message does nothing.
 *
 * @throws when JetStream is unavailable
 */
export async function* storedMessages(
  connection: NatsConnection,
  { subject, from, to }: StoredRange,
  decode: WireReader['decode'],
): AsyncGenerator<readonly BufferedMessage[]> {
  const manager = await connection.jetstreamManager();
  let batch: BufferedMessage[] = [];
  for (let next = from; next <= to; ) {
    const found = await messageFrom(manager, next, subject);
    if (found === undefined || found.seq > to) break;
    batch.push(undelivered(found, decode));
    if (batch.length === MESSAGES_PER_BATCH) {
      yield batch;
      batch = [];
    }
    next = found.seq + 1;
  }
  if (batch.length > 0) yield batch;
}

/** A message without a delivery. */
function undelivered(
  { seq, data }: { readonly seq: number; readonly data: Uint8Array },
  decode: WireReader['decode'],
): BufferedMessage {
  const ignore = () => undefined;
  const info = { stream: EVENT_STREAM, streamSequence: seq, deliveryCount: 1 };
  return { message: { data, info, ack: ignore, nak: ignore, working: ignore }, decoded: decode(data) };
}

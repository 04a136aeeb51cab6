import { decodeEvents, EVENT_STREAM } from '@ads/models';
import type { NatsConnection } from 'nats';
import { messageFrom } from './ledger-consumer.js';
import type { BufferedMessage } from './message-buffer.js';
import type { Range } from './skipped-messages.js';

/** Messages per transaction. Each may hold as many events as ingest puts into one message. */
const MESSAGES_PER_BATCH = 20;

/**
 * Records the messages of a range by reading the stream directly, without the durable consumer. The messages stay in the
 * stream: an acknowledgement would delete messages that a killed server has stored and not yet delivered.
 *
 * @param record records messages; events that are recorded already change nothing
 * @returns the number of messages
 * @throws when JetStream is unavailable, or `record` fails
 */
export async function recoverSkipped(
  connection: NatsConnection,
  { from, to }: Range,
  record: (messages: readonly BufferedMessage[]) => Promise<void>,
): Promise<number> {
  const manager = await connection.jetstreamManager();
  let recovered = 0;
  let messages: BufferedMessage[] = [];
  const flush = async () => {
    if (messages.length > 0) await record(messages);
    recovered += messages.length;
    messages = [];
  };
  for (let next = from; next <= to; ) {
    const found = await messageFrom(manager, next);
    if (found === undefined || found.seq > to) break;
    messages.push(undelivered(found));
    if (messages.length === MESSAGES_PER_BATCH) await flush();
    next = found.seq + 1;
  }
  await flush();
  return recovered;
}

/** A message without a delivery: acknowledging it does nothing. */
function undelivered({ seq, data }: { readonly seq: number; readonly data: Uint8Array }): BufferedMessage {
  const ignore = () => undefined;
  const info = { stream: EVENT_STREAM, streamSequence: seq, deliveryCount: 1 };
  return { message: { data, info, ack: ignore, nak: ignore, working: ignore }, decoded: decodeEvents(data) };
}

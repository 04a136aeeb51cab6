import { decodeEvents, EVENT_STREAM } from '@ads/models';
import type { NatsConnection } from 'nats';
import type { HeldMessage } from './held-messages.js';
import { messageFrom } from './ledger-consumer.js';
import type { Range } from './passed-over.js';

/** Messages per transaction: each may have as many events as ingest puts into one. */
const MESSAGES_AT_ONCE = 20;

/**
 * Reads what the stream holds of some sequence numbers past the durable consumer, and records it. It stays
 * where it is: to acknowledge it would be to delete what a server that was killed has in its store and not in its books.
 *
 * @param record as for messages that were delivered; what is recorded already changes nothing
 * @returns how many messages there were
 * @throws when JetStream can't be reached, or `record` fails
 */
export async function sweep(
  connection: NatsConnection,
  { from, to }: Range,
  record: (messages: readonly HeldMessage[]) => Promise<void>,
): Promise<number> {
  const manager = await connection.jetstreamManager();
  let swept = 0;
  let messages: HeldMessage[] = [];
  const flush = async () => {
    if (messages.length > 0) await record(messages);
    swept += messages.length;
    messages = [];
  };
  for (let next = from; next <= to; ) {
    const found = await messageFrom(manager, next);
    if (found === undefined || found.seq > to) break;
    messages.push(undelivered(found));
    if (messages.length === MESSAGES_AT_ONCE) await flush();
    next = found.seq + 1;
  }
  await flush();
  return swept;
}

/** Nobody waits to hear of it. */
function undelivered({ seq, data }: { readonly seq: number; readonly data: Uint8Array }): HeldMessage {
  const nobody = () => undefined;
  const info = { stream: EVENT_STREAM, streamSequence: seq, deliveryCount: 1 };
  return { message: { data, info, ack: nobody, nak: nobody, working: nobody }, decoded: decodeEvents(data) };
}

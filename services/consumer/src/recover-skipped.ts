import { decodeEvents, EVENT_SUBJECT } from '@ads/models';
import type { NatsConnection } from 'nats';
import type { BufferedMessage } from './message-buffer.js';
import type { Range } from './skipped-messages.js';
import { storedMessages } from './stored-messages.js';

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
  range: Range,
  record: (messages: readonly BufferedMessage[]) => Promise<void>,
): Promise<number> {
  let recovered = 0;
  for await (const messages of storedMessages(connection, { subject: EVENT_SUBJECT, ...range }, decodeEvents)) {
    await record(messages);
    recovered += messages.length;
  }
  return recovered;
}

import { newerEventsSubject, type WireReader } from '@ads/models';
import type { Condition, Logger } from '@ads/runtime';
import type { NatsConnection } from 'nats';
import type { Backlog } from './consumer-metrics.js';
import type { DeadLetter } from './dead-letters.js';
import { deleteMessage } from './ledger-consumer.js';
import type { BufferedMessage } from './message-buffer.js';
import { publishOnce } from './publish-once.js';
import { storedMessages } from './stored-messages.js';

/*
 * Events of a newer wire version, from the consumer that can't read them to the one that can.
 *
 *   older consumer   publishes them under the subject of their version in the event stream, and then acknowledges the
 *                    message that they came in. Other events of that message are recorded as always.
 *   event stream     delivers them to nobody. Their room counts towards NATS_STREAM_MAX_BYTES. Where the stream is full,
 *                    the message is returned to the queue, with a delay that doubles up to two ack waits.
 *   newer consumer   reads the subjects of the versions that it knows every 5 s, records the events in the buckets of
 *                    their own time, and deletes the messages after that. A crash in between repeats both, which changes
 *                    nothing. So each version waits until its consumer runs, for as long as that takes.
 *
 * The events don't go back to the queue: during a rolling update it would deliver half of them to older consumers again.
 */

/**
 * Stores a `newer` letter for a consumer that reads its version. It is never cut: it must stay readable.
 *
 * @throws when the event stream does not take it
 */
export async function storeNewer(
  connection: NatsConnection | undefined,
  { version, id, data }: Pick<DeadLetter, 'id' | 'data'> & { readonly version: number },
  timeoutMs: number,
): Promise<void> {
  if (!connection) throw new Error('NATS is not connected');
  await publishOnce(connection, newerEventsSubject(version), data, { msgID: id, timeout: timeoutMs });
}

export interface NewerEventsOptions {
  readonly wireReader: WireReader;
  /** Records messages and stores their dead letters. @throws when one of both fails */
  readonly record: (messages: readonly BufferedMessage[]) => Promise<void>;
  /** Holds while events wait that this release can't read. */
  readonly condition: Condition;
  readonly logger: Logger;
}

/** Messages that one call records, so that the caller goes on with its other checks. */
const MESSAGES_PER_CALL = 1_000;

/**
 * Records the newer events that this release reads, and reports those that it does not.
 *
 * @returns does it once. Throws when JetStream is unavailable, or `record` fails; the rest is recorded by the next call
 */
export function createNewerEvents({ wireReader, record, condition, logger }: NewerEventsOptions) {
  async function recordVersion(connection: NatsConnection, version: number, signal?: AbortSignal): Promise<number> {
    const manager = await connection.jetstreamManager();
    const range = { subject: newerEventsSubject(version), from: 1, to: Number.POSITIVE_INFINITY };
    let recorded = 0;
    for await (const messages of storedMessages(connection, range, wireReader.decode)) {
      await record(messages);
      for (const { message } of messages) await deleteMessage(manager, message.info.streamSequence);
      recorded += messages.length;
      if (recorded >= MESSAGES_PER_CALL || signal?.aborted) break;
    }
    return recorded;
  }

  return async (connection: NatsConnection, newer: Backlog['newer'], signal?: AbortSignal): Promise<void> => {
    const unreadable = newer.filter(({ version }) => version > wireReader.version);
    const messages = unreadable.reduce((sum, one) => sum + one.messages, 0);
    if (messages === 0) condition.clear();
    else {
      const versions = unreadable.map(({ version }) => version).join(', ');
      condition.hold(
        `AD_EVENTS holds newer events (messages: ${messages}, wire versions: ${versions}), and this consumer reads version ${wireReader.version}; they wait until the consumers are updated`,
      );
    }
    for (const { version } of newer) {
      if (version > wireReader.version) continue;
      const recorded = await recordVersion(connection, version, signal);
      logger.info(`recorded ${recorded} messages that an older consumer could not read`, {
        event: 'newer_events.recorded',
        messages: recorded,
        version,
      });
    }
  };
}

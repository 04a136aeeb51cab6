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
 * How events with a newer wire version get from a consumer that cannot read them to one that can.
 *
 *   older consumer   publishes them under the subject of their version in the event stream, and then acknowledges the
 *                    message that contained them. Other events of that message are recorded as usual.
 *   event stream     does not deliver them. They count towards NATS_STREAM_MAX_BYTES. If the stream is full, the message is
 *                    returned to the queue, with a delay that doubles up to two ack waits.
 *   newer consumer   reads the subjects of the versions that it knows every 5 s, records the events in the buckets of
 *                    their own time, and then deletes the messages. After a crash in between, both steps are repeated, which
 *                    changes nothing. Events wait without limit until a consumer of their version runs.
 *
 * The events are not returned to the queue, where older consumers would receive them again.
 */

/**
 * Stores a `newer` letter for a consumer that reads its version. The data is never cut, so that it stays readable.
 *
 * @throws if the event stream refuses it
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
  /** Records messages and stores their dead letters. @throws if either fails */
  readonly record: (messages: readonly BufferedMessage[]) => Promise<void>;
  /** The condition that holds while events of newer versions wait. */
  readonly condition: Condition;
  readonly logger: Logger;
}

/** Maximum number of messages per call, so that the caller continues with its other checks. */
const MESSAGES_PER_CALL = 1_000;

/**
 * Records the newer events that this release reads, and reports those that it does not.
 *
 * @returns one run. It throws if JetStream is unavailable or `record` fails; the next call records the rest
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

import {
  DEAD_LETTER_EVENTS,
  DEAD_LETTER_KIND,
  DEAD_LETTER_REASON,
  DEAD_LETTER_SOURCE,
  DEAD_LETTER_STREAM,
  decodeEvents,
  EVENT_SUBJECT,
} from '@ads/models';
import { AckPolicy, DeliverPolicy, type MsgHdrs, type NatsConnection, NatsError } from 'nats';

/** A dead letter in its stream. */
export interface StoredDeadLetter {
  /** Its sequence number in the dead-letter stream, which the commands use as its id. */
  readonly id: number;
  readonly time: Date;
  readonly kind: string;
  readonly reason: string;
  /** `<stream>:<sequence>` of its message. */
  readonly source: string;
  /** Number of events; an unreadable message counts as one. */
  readonly events: number;
  /** Empty when only headers were read. */
  readonly data: Uint8Array;
}

export interface ReadOptions {
  /** Reads no data, which is several times as fast. */
  readonly headersOnly: boolean;
}

/** Dead letters per pull: headers only, and with data of up to 256 KiB each. */
const HEADERS_AT_ONCE = 1_000;
const LETTERS_AT_ONCE = 50;
const PULL_MS = 2_000;
const NANOSECONDS_PER_SECOND = 1_000_000_000;
const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Reads all current dead letters, oldest first. Dead letters that are stored meanwhile are left out, so that a replay ends even
 * if its dead letters are stored again.
 *
 * @throws NatsError when JetStream is unavailable
 */
export async function* readDeadLetters(
  connection: NatsConnection,
  { headersOnly }: ReadOptions,
): AsyncGenerator<StoredDeadLetter> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(DEAD_LETTER_STREAM);
  if (state.messages === 0) return;
  const { name } = await manager.consumers.add(DEAD_LETTER_STREAM, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    headers_only: headersOnly,
    mem_storage: true,
    inactive_threshold: 60 * NANOSECONDS_PER_SECOND,
  });
  try {
    const consumer = await connection.jetstream().consumers.get(DEAD_LETTER_STREAM, name);
    for (;;) {
      let got = 0;
      const messages = await consumer.fetch({
        max_messages: headersOnly ? HEADERS_AT_ONCE : LETTERS_AT_ONCE,
        expires: PULL_MS,
      });
      for await (const { seq, info, headers, data } of messages) {
        got += 1;
        if (seq > state.last_seq) return;
        yield toLetter(seq, new Date(info.timestampNanos / NANOSECONDS_PER_MS), headers, data);
        if (seq === state.last_seq || info.pending === 0) return;
      }
      if (got === 0) return;
    }
  } finally {
    await manager.consumers.delete(DEAD_LETTER_STREAM, name).catch(() => undefined);
  }
}

/** One dead letter; undefined if it does not exist. */
export async function readDeadLetter(connection: NatsConnection, id: number): Promise<StoredDeadLetter | undefined> {
  const { streams } = await connection.jetstreamManager();
  try {
    const { seq, time, header, data } = await streams.getMessage(DEAD_LETTER_STREAM, { seq: id });
    return toLetter(seq, time, header, data);
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
    throw error;
  }
}

/** The reason of each event in a dead letter. Dead letters of unknown ads need their data for this. */
export function reasonsOf({ kind, reason, data }: StoredDeadLetter): readonly string[] {
  if (kind !== 'unknown_ad') return [reason];
  const decoded = decodeEvents(data);
  return decoded.state === 'decoded' && decoded.events.length > 0
    ? decoded.events.map(({ adId }) => `unknown ad ${adId}`)
    : [reason];
}

/**
 * Publishes a dead letter to the queue, and then deletes it from its stream. A repetition after a crash changes nothing: an
 * event counts once, in the bucket of its own time.
 */
export async function replayDeadLetter(connection: NatsConnection, letter: StoredDeadLetter): Promise<void> {
  await connection.jetstream().publish(EVENT_SUBJECT, letter.data, { msgID: `replay:${letter.id}:${Date.now()}` });
  await dropDeadLetter(connection, letter.id);
}

/** Deletes a dead letter permanently. */
export async function dropDeadLetter(connection: NatsConnection, id: number): Promise<void> {
  const { streams } = await connection.jetstreamManager();
  await streams.deleteMessage(DEAD_LETTER_STREAM, id, false);
}

function toLetter(id: number, time: Date, headers: MsgHdrs | undefined, data: Uint8Array): StoredDeadLetter {
  return {
    id,
    time,
    kind: headers?.get(DEAD_LETTER_KIND) ?? '',
    reason: headers?.get(DEAD_LETTER_REASON) ?? '',
    source: headers?.get(DEAD_LETTER_SOURCE) ?? '',
    // Older versions store one event per dead letter, and no number of events.
    events: Number(headers?.get(DEAD_LETTER_EVENTS)) || 1,
    data,
  };
}

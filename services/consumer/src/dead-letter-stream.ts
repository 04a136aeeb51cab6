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

/** A letter as it lies on the stream. */
export interface StoredDeadLetter {
  /** Its sequence on the dead-letter stream: what the commands call it. */
  readonly id: number;
  readonly time: Date;
  readonly kind: string;
  readonly reason: string;
  /** `<stream>:<sequence>` of the message that it was in. */
  readonly source: string;
  /** How many events are in it; a message that cannot be read counts as one. */
  readonly events: number;
  /** Empty when only headers were asked for. */
  readonly data: Uint8Array;
}

export interface ReadOptions {
  /** Without the bytes, letters are read some times as fast. */
  readonly headersOnly: boolean;
}

/** Letters that are asked for at a time. With their bytes, which are 256 KiB at most of all but single large events. */
const HEADERS_AT_ONCE = 1_000;
const LETTERS_AT_ONCE = 50;
const PULL_MS = 2_000;
const NANOSECONDS_PER_SECOND = 1_000_000_000;
const NANOSECONDS_PER_MS = 1_000_000;

/**
 * The letters that are there now, oldest first; what comes meanwhile is left out, so that replaying letters that come back
 * has an end.
 *
 * @throws NatsError when JetStream can't be reached
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

/** One letter, or undefined where it was dropped or never was. */
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

/** The reason of each event in a letter, as far as its bytes tell; needs the bytes of a letter of unknown ads. */
export function reasonsOf({ kind, reason, data }: StoredDeadLetter): readonly string[] {
  if (kind !== 'unknown_ad') return [reason];
  const decoded = decodeEvents(data);
  return decoded.state === 'decoded' && decoded.events.length > 0
    ? decoded.events.map(({ adId }) => `unknown ad ${adId}`)
    : [reason];
}

/**
 * Puts a letter back into the queue, and takes it off the stream once the queue has it. Should this die in between, doing
 * it again changes nothing: an event counts once, in the bucket of its own time.
 */
export async function replayDeadLetter(connection: NatsConnection, letter: StoredDeadLetter): Promise<void> {
  await connection.jetstream().publish(EVENT_SUBJECT, letter.data, { msgID: `replay:${letter.id}:${Date.now()}` });
  await dropDeadLetter(connection, letter.id);
}

/** Deletes a letter for good. */
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
    // Older versions put one event into a letter, and no number.
    events: Number(headers?.get(DEAD_LETTER_EVENTS)) || 1,
    data,
  };
}

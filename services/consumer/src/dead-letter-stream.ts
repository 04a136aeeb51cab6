import { DEAD_LETTER_REASON, DEAD_LETTER_SOURCE, DEAD_LETTER_STREAM, EVENT_SUBJECT } from '@ads/models';
import { type NatsConnection, NatsError, type StoredMsg } from 'nats';

/** A letter as it lies on the stream. */
export interface StoredLetter {
  /** Its sequence on the dead-letter stream: what the commands call it. */
  readonly id: number;
  readonly time: Date;
  readonly reason: string;
  /** `<stream>:<sequence>` of the message that it was in. */
  readonly source: string;
  readonly data: Uint8Array;
}

/** All letters, oldest first. @throws NatsError when JetStream can't be reached */
export async function* readLetters(connection: NatsConnection): AsyncGenerator<StoredLetter> {
  const { streams } = await connection.jetstreamManager();
  const { state } = await streams.info(DEAD_LETTER_STREAM);
  // A stream that never had a message begins at 0, where none can be.
  for (let id = Math.max(1, state.first_seq); id <= state.last_seq; id += 1) {
    const letter = await readLetter(connection, id);
    if (letter) yield letter;
  }
}

/** One letter, or undefined where it was dropped or never was. */
export async function readLetter(connection: NatsConnection, id: number): Promise<StoredLetter | undefined> {
  const { streams } = await connection.jetstreamManager();
  try {
    return toLetter(await streams.getMessage(DEAD_LETTER_STREAM, { seq: id }));
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
    throw error;
  }
}

/**
 * Puts a letter back into the queue, and takes it off the stream once the queue has it. Should this die in between, doing
 * it again changes nothing: an event counts once, in the bucket of its own time.
 */
export async function replayLetter(connection: NatsConnection, letter: StoredLetter): Promise<void> {
  await connection.jetstream().publish(EVENT_SUBJECT, letter.data, { msgID: `replay:${letter.id}:${Date.now()}` });
  await dropLetter(connection, letter.id);
}

/** Deletes a letter for good. */
export async function dropLetter(connection: NatsConnection, id: number): Promise<void> {
  const { streams } = await connection.jetstreamManager();
  await streams.deleteMessage(DEAD_LETTER_STREAM, id);
}

function toLetter(message: StoredMsg): StoredLetter {
  return {
    id: message.seq,
    time: message.time,
    reason: message.header.get(DEAD_LETTER_REASON),
    source: message.header.get(DEAD_LETTER_SOURCE),
    data: message.data,
  };
}

import { DEAD_LETTER_REASON, DEAD_LETTER_SOURCE, DEAD_LETTER_SUBJECT } from '@ads/models';
import type { Nats } from '@ads/runtime';
import { headers } from 'nats';

/** Something that can't be recorded, ever, and why. */
export interface DeadLetter {
  /** The message as it came, or one event of it as a message of its own. */
  readonly data: Uint8Array;
  readonly reason: string;
  /** `<stream>:<sequence>` of the message. */
  readonly source: string;
  /** Tells the letters of one message apart; undefined: the letter is the whole message. */
  readonly index?: number;
}

/** Room for the headers beside a message that is as large as NATS takes. */
const HEADER_BYTES = 2_048;
const REASON_LENGTH = 500;

/**
 * Keeps a dead letter, and returns when JetStream has it. The message id makes a second try the same letter.
 *
 * @throws when JetStream can't be reached
 */
export async function publishDeadLetter(run: Nats['run'], letter: DeadLetter): Promise<void> {
  const bears = headers();
  // A header is one line.
  bears.set(DEAD_LETTER_REASON, letter.reason.replace(/\p{C}/gu, ' ').slice(0, REASON_LENGTH));
  bears.set(DEAD_LETTER_SOURCE, letter.source);
  const msgID = letter.index === undefined ? letter.source : `${letter.source}:${letter.index}`;
  const { duplicate, seq } = await run((connection) => {
    const limit = (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADER_BYTES;
    return connection
      .jetstream()
      .publish(DEAD_LETTER_SUBJECT, letter.data.subarray(0, limit), { msgID, headers: bears });
  });
  // The repetition of one that has no place yet, and may never get one: a leader notes the id before its followers agree.
  if (duplicate && seq === 0) throw new Error('JetStream has the id of the dead letter, and not the letter');
}

import {
  DEAD_LETTER_EVENTS,
  DEAD_LETTER_KIND,
  DEAD_LETTER_REASON,
  DEAD_LETTER_SOURCE,
  DEAD_LETTER_SUBJECT,
  WAITING_LETTER_SUBJECT,
} from '@ads/models';
import { ErrorCode, headers, type MsgHdrs, type NatsConnection, NatsError } from 'nats';
import type { DeadLetter } from './dead-letters.js';
import { deleteMessage, messageFrom } from './ledger-consumer.js';
import { publishOnce } from './publish-once.js';

export interface DeadLetterStoreOptions {
  /** The connection; undefined while NATS is unavailable. */
  readonly connection: () => NatsConnection | undefined;
  /** Longest wait for one acknowledgement. */
  readonly timeoutMs: number;
  /** The store becomes free after this time without a refusal, if no dead letter waits. */
  readonly quietMs: number;
  /** Called when JetStream is connected and refuses a dead letter, with its reason. */
  readonly onBlocked: (reason: string) => void;
  /** Called when the dead-letter stream takes dead letters again, and none waits. */
  readonly onFree: () => void;
}

/**
 * The storage of dead letters.
 *
 * It starts `free`: dead letters go to the dead-letter stream. A refused dead letter makes it `blocked`: dead letters then wait
 * in the event stream, under a subject of their own, and are moved once the dead-letter stream takes them. It is `free` again
 * when all are moved. Each process tracks this state for itself, by the dead letters that wait.
 */
export interface DeadLetterStore {
  /**
   * Resolves when either stream has the dead letter. A repeated id is stored once.
   * @throws when neither stream takes it
   */
  put(letter: Pick<DeadLetter, 'kind' | 'reason' | 'source' | 'id' | 'events' | 'data'>): Promise<void>;
  /**
   * Moves waiting dead letters while the dead-letter stream takes them. Call it periodically.
   *
   * @param waiting the last known number of waiting dead letters
   * @throws when JetStream is unavailable
   */
  moveWaiting(waiting: number): Promise<void>;
}

/** Bytes reserved for headers in a message of maximum size. */
const HEADER_BYTES = 2_048;
const REASON_LENGTH = 500;
/** Maximum dead letters per `moveWaiting` call, so that its caller can count the rest. */
const MOVES_AT_ONCE = 1_000;
const MESSAGE_ID = 'Nats-Msg-Id';
const NO_ANSWER: Readonly<Record<string, string>> = {
  [ErrorCode.NoResponders]: 'no stream takes them',
  [ErrorCode.Timeout]: 'no answer',
};

export function createDeadLetterStore(options: DeadLetterStoreOptions): DeadLetterStore {
  const { connection, timeoutMs, quietMs, onBlocked, onFree } = options;
  let blocked = false;
  /** Time of the refusal, if the dead-letter stream refused the last dead letter; undefined if it stored it. */
  let refusedAt: number | undefined;

  async function publish(nats: NatsConnection, subject: string, bears: MsgHdrs, data: Uint8Array): Promise<void> {
    await publishOnce(nats, subject, data, { headers: bears, msgID: bears.get(MESSAGE_ID), timeout: timeoutMs });
  }

  /** @throws the error that it reports */
  async function toDeadLetters(nats: NatsConnection, bears: MsgHdrs, data: Uint8Array): Promise<void> {
    try {
      await publish(nats, DEAD_LETTER_SUBJECT, bears, data);
      refusedAt = undefined;
    } catch (error) {
      // Without a connection NATS is unavailable, and its breaker reports that.
      if (connection() === nats) {
        refusedAt = performance.now();
        blocked = true;
        onBlocked(reasonOf(error));
      }
      throw error;
    }
  }

  return {
    async put(letter) {
      const nats = connection();
      if (!nats) throw new Error('NATS is not connected');
      const bears = headersOf(letter);
      const limit = (nats.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADER_BYTES;
      const data = letter.data.subarray(0, limit);
      const ways = [
        () => toDeadLetters(nats, bears, data),
        () => publish(nats, WAITING_LETTER_SUBJECT, bears, data),
      ] as const;
      const [first, second] = blocked ? [ways[1], ways[0]] : ways;
      await first().catch(second);
    },

    async moveWaiting(waiting) {
      const nats = connection();
      if (!nats) return;
      const manager = await nats.jetstreamManager();
      let next = 1;
      for (let left = Math.min(waiting, MOVES_AT_ONCE); left > 0; left -= 1) {
        const letter = await messageFrom(manager, next, WAITING_LETTER_SUBJECT);
        if (letter === undefined) break;
        try {
          await toDeadLetters(nats, letter.header, letter.data);
        } catch {
          return;
        }
        // Another process may move the same dead letter: the same id is stored once.
        await deleteMessage(manager, letter.seq);
        next = letter.seq + 1;
      }
      // Another process may have stored the refused dead letter.
      const isQuiet = refusedAt === undefined || performance.now() - refusedAt > quietMs;
      if (waiting > MOVES_AT_ONCE || !isQuiet) return;
      blocked = false;
      onFree();
    },
  };
}

/** The description by JetStream, if the error has one: the message of the client is then a number. */
function reasonOf(error: unknown): string {
  if (error instanceof NatsError) return error.api_error?.description ?? NO_ANSWER[error.code] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

function headersOf({ kind, reason, source, id, events }: Parameters<DeadLetterStore['put']>[0]): MsgHdrs {
  const bears = headers();
  bears.set(MESSAGE_ID, id);
  bears.set(DEAD_LETTER_KIND, kind);
  // A header is one line.
  bears.set(DEAD_LETTER_REASON, reason.replace(/\p{C}/gu, ' ').slice(0, REASON_LENGTH));
  bears.set(DEAD_LETTER_SOURCE, source);
  bears.set(DEAD_LETTER_EVENTS, String(events));
  return bears;
}

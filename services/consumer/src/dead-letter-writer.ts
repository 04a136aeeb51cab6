import { ackAll, nakAll } from './acknowledge.js';
import { type BadMessage, type DeadLetter, makeDeadLetters } from './dead-letters.js';

export interface DeadLetterWriterOptions {
  readonly store: { readonly put: (letter: DeadLetter) => Promise<void> };
  /** Longest delay before a returned message is delivered again. */
  readonly longestDelayMs: number;
  readonly onStored: (letter: DeadLetter) => void;
  readonly onKeptBack: (messages: number) => void;
}

/** The result for a message: acknowledged after its dead letters are durable, or kept back (returned to the queue). */
export type Fate = 'acknowledged' | 'kept back';

/**
 * Writes dead letters concurrently with recording. Recording never waits for dead letters.
 *
 * A message waits here until all its dead letters are durable, and is then acknowledged. When one of them cannot be stored, the
 * message is returned with a delay that doubles with each delivery. Its other events are recorded, and recording them again
 * changes nothing. Waiting messages stay in the message buffer, which bounds their number and bytes.
 */
export interface DeadLetterWriter {
  /** @returns one promise per message, which never rejects */
  write(messages: readonly BadMessage[]): readonly Promise<Fate>[];
}

const CONCURRENT_PUBLISHES = 16;
const FIRST_DELAY_MS = 1_000;

interface Waiting {
  letters: number;
  failed: boolean;
  readonly resolve: (fate: Fate) => void;
}

export function createDeadLetterWriter(options: DeadLetterWriterOptions): DeadLetterWriter {
  const { store, longestDelayMs, onStored, onKeptBack } = options;
  const waiting = new Map<BadMessage, Waiting>();
  /** Messages that wait for their dead letters. Several messages share dead letters. */
  let messages: BadMessage[] = [];
  let letters: DeadLetter[] = [];
  let underWay = 0;

  function writeNext(): void {
    while (underWay < CONCURRENT_PUBLISHES) {
      if (letters.length === 0) makeMore();
      const letter = letters.pop();
      if (letter === undefined) return;
      underWay += 1;
      void store.put(letter).then(
        () => {
          onStored(letter);
          done(letter, false);
          underWay -= 1;
          writeNext();
        },
        () => {
          done(letter, true);
          underWay -= 1;
          giveUp();
          writeNext();
        },
      );
    }
  }

  /** After a refusal by both streams, the other dead letters fail at once instead of timing out one after the other. */
  function giveUp(): void {
    makeMore();
    const rest = letters;
    letters = [];
    for (const letter of rest) done(letter, true);
  }

  function makeMore(): void {
    const made = makeDeadLetters(messages);
    messages = [];
    for (const letter of made) {
      for (const message of letter.messages) {
        const one = waiting.get(message);
        if (one) one.letters += 1;
      }
    }
    // The last element is written first.
    letters.unshift(...made.reverse());
  }

  function done(letter: DeadLetter, failed: boolean): void {
    for (const message of letter.messages) {
      const one = waiting.get(message);
      if (one === undefined) continue;
      one.letters -= 1;
      one.failed ||= failed;
      if (one.letters === 0) settle(message, one);
    }
  }

  function settle(bad: BadMessage, { failed, resolve }: Waiting): void {
    waiting.delete(bad);
    if (failed) {
      onKeptBack(1);
      const { deliveryCount } = bad.buffered.message.info;
      const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.min(deliveryCount - 1, 30), longestDelayMs);
      nakAll([bad.buffered], delay);
    } else {
      ackAll([bad.buffered]);
    }
    resolve(failed ? 'kept back' : 'acknowledged');
  }

  return {
    write(added) {
      const fates = added.map(
        (message) =>
          new Promise<Fate>((resolve) => {
            waiting.set(message, { letters: 0, failed: false, resolve });
          }),
      );
      messages.push(...added);
      writeNext();
      return fates;
    },
  };
}

import { describe, expect, it } from '@jest/globals';
import { createDeadLetterWriter } from '../src/dead-letter-writer.js';
import type { BadMessage, BadPart, DeadLetter } from '../src/dead-letters.js';
import type { QueuedMessage } from '../src/message-buffer.js';
import { buffered, click, queue } from './messages.js';

/** A writer whose dead letters wait until the test stores or refuses them. */
function writing(longestDelayMs = 60_000) {
  const log: string[] = [];
  const pending: { readonly letter: DeadLetter; store(): void; refuse(): void }[] = [];
  const stored: DeadLetter[] = [];
  const writer = createDeadLetterWriter({
    store: {
      put: (letter) =>
        new Promise((resolve, reject) => {
          pending.push({ letter: letter as DeadLetter, store: resolve, refuse: () => reject(new Error('full')) });
        }),
    },
    longestDelayMs,
    onStored: (letter) => stored.push(letter),
    onKeptBack: () => undefined,
  });
  return { writer, log, pending, stored, message: queue(log) };
}

const unknownAd = (): BadPart => ({ kind: 'unknown_ad', reason: 'unknown ad x', content: { event: click() } });
const unreadable: BadPart = { kind: 'unreadable', reason: 'not JSON', content: undefined };
const bad = (message: QueuedMessage, parts: readonly BadPart[]): BadMessage => {
  const [one] = buffered([message]);
  if (one === undefined) throw new Error('nothing is buffered');
  return { buffered: one, parts };
};

describe('the writer of dead letters', () => {
  it('acknowledges a message only after all its dead letters are stored', async () => {
    const { writer, log, pending, message } = writing();
    const fates = writer.write([bad(message('a'), [unknownAd(), unreadable]), bad(message('b'), [unknownAd()])]);
    expect(pending.map(({ letter }) => letter.kind)).toEqual(['unreadable', 'unknown_ad']);
    pending[1]?.store();
    expect(await fates[1]).toBe('acknowledged');
    expect(log).toEqual(['ack 2']);
    pending[0]?.store();
    expect(await fates[0]).toBe('acknowledged');
    expect(log).toEqual(['ack 2', 'ack 1']);
  });

  it('returns a message to the queue with a delay if a dead letter of it is refused, and acknowledges the others', async () => {
    const { writer, log, pending, message } = writing();
    const fates = writer.write([bad(message('a'), [unknownAd(), unreadable]), bad(message('b'), [unknownAd()])]);
    pending[1]?.store();
    pending[0]?.refuse();
    expect(await Promise.all(fates)).toEqual(['kept back', 'acknowledged']);
    expect(log.sort()).toEqual(['ack 2', 'nak 1 for 1000 ms']);
  });

  it.each([
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [7, 60_000],
    [1_000_000, 60_000],
  ])('returns a message of delivery %i to the queue with a delay of %i ms', async (deliveryCount, delay) => {
    const { writer, log, pending, message } = writing();
    const queued = message('a');
    const fates = writer.write([bad({ ...queued, info: { ...queued.info, deliveryCount } }, [unreadable])]);
    pending[0]?.refuse();
    await Promise.all(fates);
    expect(log).toEqual([`nak 1 for ${delay} ms`]);
  });

  it('writes a few dead letters at the same time, and combines the messages that arrive meanwhile', async () => {
    const { writer, pending, stored, message } = writing();
    const first = writer.write(Array.from({ length: 100 }, () => bad(message('?'), [unreadable])));
    expect(pending).toHaveLength(16);
    const rest = Array.from({ length: 1_000 }, () => writer.write([bad(message([]), [unknownAd()])])).flat();
    while (stored.length < 102) {
      for (const { store } of pending.splice(0)) store();
      await new Promise(setImmediate);
    }
    expect(new Set(await Promise.all([...first, ...rest]))).toEqual(new Set(['acknowledged']));
    expect(stored.slice(100).map(({ events }) => events)).toEqual([500, 500]);
  });

  it('returns all waiting messages to the queue if a dead letter is refused, as the others would be refused too', async () => {
    const { writer, log, pending, message } = writing();
    const fates = writer.write(Array.from({ length: 100 }, () => bad(message('?'), [unreadable])));
    const later = writer.write([bad(message([]), [unknownAd()])]);
    pending[0]?.refuse();
    for (const { store } of pending.slice(1)) store();
    const all = await Promise.all([...fates, ...later]);
    expect(all.filter((fate) => fate === 'acknowledged')).toHaveLength(15);
    expect(log.filter((line) => line.startsWith('nak'))).toHaveLength(86);
  });
});

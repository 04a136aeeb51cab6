import { decodeEvents, perKind } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import {
  type BadMessage,
  DEAD_LETTER_MAX_BYTES,
  DEAD_LETTER_MAX_EVENTS,
  makeDeadLetters,
} from '../src/dead-letters.js';
import { recordMessages } from '../src/record-messages.js';
import { buffered, click, queue } from './messages.js';

const message = queue([]);
const unknown = (count: number, adId = 'gone') => Array.from({ length: count }, () => click({ adId }));
const text = (data: Uint8Array) => Buffer.from(data).toString();

/** The bad parts of these messages, found as in the consumer; the catalogue has only `ad-001`. */
function found(contents: readonly (Parameters<typeof message>[0] | ReturnType<typeof message>)[]) {
  const messages = contents.map((one) => (typeof one === 'object' && 'info' in one ? one : message(one)));
  return recordMessages(
    {
      recordEvents: async (events) => ({
        added: perKind(() => 0),
        invalid: [],
        reused: 0,
        unknownAds: new Set(events.map(({ adId }) => adId).filter((adId) => adId !== 'ad-001')),
      }),
      isDataError: () => false,
      onRecorded: () => undefined,
    },
    buffered(messages),
  );
}

const sequence = (bad: BadMessage | undefined) => bad?.buffered.message.info.streamSequence;

describe('dead letters', () => {
  it('combine events of many messages that failed for the same kind of reason, and list the reasons', async () => {
    const ads = ['a', 'b', 'c', 'd', 'e'];
    const events = ads.map((adId) => click({ adId }));
    const bad = await found(events.map((event) => [click(), event]));
    const [letter, ...others] = makeDeadLetters(bad);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      kind: 'unknown_ad',
      events: 5,
      reason: 'unknown ad a; unknown ad b; unknown ad c; and 2 more reasons',
      source: `AD_EVENTS:${sequence(bad[0])}-${sequence(bad[4])}`,
      messages: bad,
    });
    expect(decodeEvents(letter?.data ?? Buffer.from(''))).toEqual({ state: 'decoded', events, rejected: [] });
  });

  it('of one event have the sequence of its message and its reason', async () => {
    const bad = await found([unknown(1)]);
    expect(makeDeadLetters(bad)).toMatchObject([
      { reason: 'unknown ad gone', source: `AD_EVENTS:${sequence(bad[0])}`, events: 1 },
    ]);
  });

  it('keep an unreadable message unchanged, and an invalid event as a message of its own', async () => {
    const value = { k: 'c', id: 'no' };
    const letters = makeDeadLetters(
      await found(['\u0000 not JSON', JSON.stringify({ v: 1, events: [value] }), '[]', unknown(1)]),
    );
    expect(letters.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable', 'bad_event', 'unknown_ad']);
    expect(letters.slice(0, 3).map(({ data }) => text(data))).toEqual([
      '\u0000 not JSON',
      '[]',
      JSON.stringify({ v: 1, events: [value] }),
    ]);
  });

  it('keep the whole message if an event in it is nested too deep to be encoded', async () => {
    const abyss = `{"v":1,"events":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`;
    expect(makeDeadLetters(await found([abyss])).map(({ data }) => text(data))).toEqual([abyss]);
  });

  it.each([
    [DEAD_LETTER_MAX_EVENTS, 1],
    [DEAD_LETTER_MAX_EVENTS + 1, 2],
    [2 * DEAD_LETTER_MAX_EVENTS, 2],
    [50_000, 100],
  ])('for %i events number %i', async (events, letters) => {
    const made = makeDeadLetters(await found(unknown(events).map((event) => [event])));
    expect(made).toHaveLength(letters);
    expect(made.reduce((sum, letter) => sum + letter.events, 0)).toBe(events);
  });

  it('stay below the maximum bytes, except for a single larger event', async () => {
    const large = (bytes: number) => JSON.stringify({ v: 1, events: [{ k: 'x'.repeat(bytes) }] });
    const letters = makeDeadLetters(
      await found([
        large(DEAD_LETTER_MAX_BYTES / 2),
        large(DEAD_LETTER_MAX_BYTES / 3),
        large(DEAD_LETTER_MAX_BYTES / 3),
        large(2 * DEAD_LETTER_MAX_BYTES),
      ]),
    );
    expect(letters.map(({ events }) => events)).toEqual([2, 1, 1]);
  });

  it('have the same id for the same messages, and another id for others', async () => {
    const messages = [message(unknown(2)), message(unknown(3))];
    const idsOf = async (some: typeof messages) => makeDeadLetters(await found(some)).map(({ id }) => id);
    expect(await idsOf(messages)).toEqual(await idsOf(messages));
    expect(await idsOf(messages.slice(1))).not.toEqual(await idsOf(messages));
  });
});

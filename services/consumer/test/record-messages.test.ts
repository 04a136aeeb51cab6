import { type AdEvent, decodeEvents } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import type { DeadLetter } from '../src/dead-letters.js';
import { HeldMessages, type QueuedMessage } from '../src/held-messages.js';
import { type RecordDependencies, recordMessages } from '../src/record-messages.js';
import { click, queue } from './messages.js';

class BadData extends Error {}
class Away extends Error {}

const held = (messages: readonly QueuedMessage[]) => {
  const all = new HeldMessages({ messages: messages.length, bytes: Number.POSITIVE_INFINITY });
  for (const message of messages) all.put(message);
  return all.take(Number.POSITIVE_INFINITY);
};

/** A recording whose every step is written to a log, with a database that takes what `record` lets it. */
function recording(
  record: (events: readonly AdEvent[]) => void = () => undefined,
  bury: (letter: DeadLetter) => void = () => undefined,
) {
  const log: string[] = [];
  const letters: DeadLetter[] = [];
  const recorded: AdEvent[] = [];
  const dependencies: RecordDependencies = {
    record: async (events) => {
      log.push(`record ${events.length}`);
      record(events);
      recorded.push(...events);
      const unknown = events.filter(({ adId }) => adId === 'gone').map(({ adId }) => adId);
      return { added: { click: 0, impression: 0 }, unknownAds: new Set(unknown) };
    },
    isDataError: (error) => error instanceof BadData,
    bury: async (letter) => {
      log.push(`bury ${letter.source}${letter.index === undefined ? '' : `:${letter.index}`}`);
      bury(letter);
      letters.push(letter);
    },
    onRecorded: () => undefined,
    onBuried: () => undefined,
  };
  return { dependencies, log, letters, recorded, message: queue(log) };
}

describe('messages', () => {
  it('are recorded as one batch, then what can not be is buried, then they are acknowledged', async () => {
    const { dependencies, log, message } = recording();
    await recordMessages(
      dependencies,
      held([message([click(), click({ adId: 'gone' })]), message('not JSON'), message([click()])]),
    );
    expect(log).toEqual(['record 3', 'bury AD_EVENTS:2', 'bury AD_EVENTS:1:1', 'ack 1', 'ack 2', 'ack 3']);
  });

  it('are named by the letter of each event of theirs, beside messages that have no event', async () => {
    const { dependencies, log, letters, message } = recording();
    const unknown = (count: number) => Array.from({ length: count }, () => click({ adId: 'gone' }));
    const nothing = JSON.stringify({ v: 1, events: [{}] });
    await recordMessages(
      dependencies,
      held([message([]), message([click(), ...unknown(2)]), message(nothing), message(unknown(1)), message([])]),
    );
    expect(log).toContain('record 4');
    expect(letters.map(({ source, index, reason }) => [source, index, reason])).toEqual([
      ['AD_EVENTS:3', 0, expect.stringMatching('unknown kind')],
      ['AD_EVENTS:2', 1, 'unknown ad gone'],
      ['AD_EVENTS:2', 2, 'unknown ad gone'],
      ['AD_EVENTS:4', 0, 'unknown ad gone'],
    ]);
  });

  it('are acknowledged without a batch when there is no event in them', async () => {
    const { dependencies, log, message } = recording();
    await recordMessages(dependencies, held([message([])]));
    expect(log).toEqual(['ack 1']);
  });

  it('are none of them acknowledged, and nothing is buried, while Postgres is away', async () => {
    const { dependencies, log, message } = recording(() => {
      throw new Away();
    });
    const messages = held([message('not JSON'), message([click()]), message([click()])]);
    await expect(recordMessages(dependencies, messages)).rejects.toBeInstanceOf(Away);
    expect(log).toEqual(['record 2']);
  });

  it('are none of them acknowledged when Postgres goes away while a bad event is searched', async () => {
    let calls = 0;
    const { dependencies, log, message } = recording(() => {
      calls += 1;
      throw calls < 3 ? new BadData() : new Away();
    });
    const messages = held([message([click(), click(), click(), click()])]);
    await expect(recordMessages(dependencies, messages)).rejects.toBeInstanceOf(Away);
    expect(log).toEqual(['record 4', 'record 2', 'record 1']);
  });

  it('are none of them acknowledged when a dead letter could not be kept', async () => {
    const { dependencies, log, message } = recording(undefined, () => {
      throw new Away();
    });
    const messages = held([message([click()]), message('not JSON')]);
    await expect(recordMessages(dependencies, messages)).rejects.toBeInstanceOf(Away);
    expect(log).toEqual(['record 1', 'bury AD_EVENTS:2']);
  });

  it.each([1, 2, 3, 7, 64, 65])('lose exactly the bad events of %i, wherever they are', async (size) => {
    for (const bad of [
      [0],
      [size - 1],
      [Math.floor(size / 2)],
      [0, size - 1],
      Array.from({ length: size }, (_, i) => i),
    ]) {
      const events = Array.from({ length: size }, (_, index) => click({ playTimeMs: bad.includes(index) ? 1 : 0 }));
      const isBad = (event: AdEvent) => event.playTimeMs === 1;
      const { dependencies, letters, recorded, message } = recording((batch) => {
        if (batch.some(isBad)) throw new BadData('out of range');
      });
      await recordMessages(dependencies, held([message(events)]));
      expect(recorded).toEqual(events.filter((event) => !isBad(event)));
      expect(letters.map(({ data }) => decodeEvents(data))).toEqual(
        events.filter(isBad).map((event) => ({ state: 'decoded', events: [event], rejected: [] })),
      );
      expect(new Set(letters.map(({ index }) => index)).size).toBe(letters.length);
      for (const { reason, source } of letters) expect([reason, source]).toEqual(['out of range', 'AD_EVENTS:1']);
    }
  });

  it('find one bad event among many in few tries', async () => {
    const events = Array.from({ length: 1_024 }, (_, index) => click({ playTimeMs: index === 700 ? 1 : 0 }));
    const { dependencies, log, message } = recording((batch) => {
      if (batch.some(({ playTimeMs }) => playTimeMs === 1)) throw new BadData();
    });
    await recordMessages(dependencies, held([message(events)]));
    expect(log.filter((line) => line.startsWith('record')).length).toBeLessThanOrEqual(21);
  });

  it('bury a message that is none as it came, and an event that is none as a message of its own', async () => {
    const { dependencies, letters, message } = recording();
    const good = click();
    const bad = { k: 'c', id: 'no' };
    const { events } = JSON.parse(Buffer.from(message([good]).data).toString());
    await recordMessages(
      dependencies,
      held([message('\u0000 not JSON'), message(JSON.stringify({ v: 1, events: [events[0], bad] }))]),
    );
    expect(letters.map(({ data }) => Buffer.from(data).toString())).toEqual([
      '\u0000 not JSON',
      JSON.stringify({ v: 1, events: [bad] }),
    ]);
    expect(letters.map(({ source }) => source)).toEqual(['AD_EVENTS:2', 'AD_EVENTS:3']);
  });

  it('bury an event that is nested too deep to be written again, and record its neighbour', async () => {
    const { dependencies, letters, recorded, log, message } = recording();
    const good = click();
    const { events } = JSON.parse(Buffer.from(message([good]).data).toString());
    const abyss = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const text = `{"v":1,"events":[${abyss},${JSON.stringify(events[0])}]}`;
    await recordMessages(dependencies, held([message(text)]));
    expect(recorded).toEqual([good]);
    expect(letters.map(({ data }) => Buffer.from(data).toString())).toEqual([text]);
    expect(log.at(-1)).toBe('ack 2');
  });

  it('give a bad event the same name however often they come', async () => {
    const names = async () => {
      const { dependencies, letters, message } = recording();
      await recordMessages(dependencies, held([message([click(), click({ adId: 'gone' }), click({ adId: 'gone' })])]));
      return letters.map(({ source, index }) => `${source}:${index}`);
    };
    expect(await names()).toEqual(['AD_EVENTS:1:1', 'AD_EVENTS:1:2']);
    expect(await names()).toEqual(await names());
  });
});

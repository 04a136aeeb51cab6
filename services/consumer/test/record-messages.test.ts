import { type AdEvent, perKind } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import type { BadMessage, BadPart } from '../src/dead-letters.js';
import { type RecordDependencies, recordMessages } from '../src/record-messages.js';
import { buffered, click, queue } from './messages.js';

class BadData extends Error {}
class Away extends Error {}

/** A recording whose steps are added to a log, with `record` in place of the database. */
function recording(record: (events: readonly AdEvent[]) => void = () => undefined) {
  const log: string[] = [];
  const recorded: AdEvent[] = [];
  const reported: AdEvent[] = [];
  const dependencies: RecordDependencies = {
    recordEvents: async (events) => {
      log.push(`record ${events.length}`);
      record(events);
      recorded.push(...events);
      const unknown = events.filter(({ adId }) => adId === 'gone').map(({ adId }) => adId);
      return { added: perKind(() => 0), invalid: [], reused: 0, unknownAds: new Set(unknown) };
    },
    isDataError: (error) => error instanceof BadData,
    onRecorded: (events) => reported.push(...events),
  };
  return { dependencies, log, recorded, reported, message: queue(log) };
}

/** The sequence and the reasons of each message. */
const reasonsOf = (bad: readonly BadMessage[]) =>
  bad.map((one) => [one.buffered.message.info.streamSequence, one.parts.map(({ reason }) => reason)]);

const eventOf = ({ content }: BadPart) => (content && 'event' in content ? content.event : undefined);

describe('messages', () => {
  it('are recorded as one batch, and acknowledged if all their events are recorded', async () => {
    const { dependencies, log, reported, message } = recording();
    const good = [click(), click()];
    const bad = await recordMessages(
      dependencies,
      buffered([message([good[0] as AdEvent, click({ adId: 'gone' })]), message('not JSON'), message(good.slice(1))]),
    );
    expect(log).toEqual(['record 3', 'ack 3']);
    expect(reasonsOf(bad)).toEqual([
      [1, ['unknown ad gone']],
      [2, [expect.stringMatching(/^not JSON: /)]],
    ]);
    expect(reported).toEqual(good);
  });

  it('are returned with their bad events if they have any, and so are unreadable messages', async () => {
    const { dependencies, log, message } = recording();
    const unknown = (count: number) => Array.from({ length: count }, () => click({ adId: 'gone' }));
    const nothing = JSON.stringify({ v: 1, events: [{}] });
    const [second, fourth] = [unknown(2), unknown(1)];
    const bad = await recordMessages(
      dependencies,
      buffered([message([]), message([click(), ...second]), message(nothing), message(fourth), message([])]),
    );
    expect(log).toEqual(['record 4', 'ack 1', 'ack 5']);
    expect(reasonsOf(bad)).toEqual([
      [2, ['unknown ad gone', 'unknown ad gone']],
      [3, [expect.stringMatching('unknown kind')]],
      [4, ['unknown ad gone']],
    ]);
    expect(bad.flatMap(({ parts }) => parts.map(eventOf))).toEqual([...second, undefined, ...fourth]);
  });

  it('are acknowledged without a batch if they have no events', async () => {
    const { dependencies, log, message } = recording();
    await recordMessages(dependencies, buffered([message([])]));
    expect(log).toEqual(['ack 1']);
  });

  it('are not acknowledged while Postgres is unavailable', async () => {
    const { dependencies, log, message } = recording(() => {
      throw new Away();
    });
    const messages = buffered([message('not JSON'), message([click()]), message([click()])]);
    await expect(recordMessages(dependencies, messages)).rejects.toBeInstanceOf(Away);
    expect(log).toEqual(['record 2']);
  });

  it('are not acknowledged if Postgres fails during the search for a bad event', async () => {
    let calls = 0;
    const { dependencies, log, message } = recording(() => {
      calls += 1;
      throw calls < 3 ? new BadData() : new Away();
    });
    const messages = buffered([message([click(), click(), click(), click()])]);
    await expect(recordMessages(dependencies, messages)).rejects.toBeInstanceOf(Away);
    expect(log).toEqual(['record 4', 'record 2', 'record 1']);
  });

  it.each([1, 2, 3, 7, 64, 65])('are recorded except for their bad events, at any position of %i', async (size) => {
    for (const bad of [
      [0],
      [size - 1],
      [Math.floor(size / 2)],
      [0, size - 1],
      Array.from({ length: size }, (_, i) => i),
    ]) {
      const events = Array.from({ length: size }, (_, index) => click({ playTimeMs: bad.includes(index) ? 1 : 0 }));
      const isBad = (event: AdEvent) => event.playTimeMs === 1;
      const { dependencies, recorded, message } = recording((batch) => {
        if (batch.some(isBad)) throw new BadData('out of range');
      });
      const found = (await recordMessages(dependencies, buffered([message(events)]))).flatMap(({ parts }) => parts);
      expect(recorded).toEqual(events.filter((event) => !isBad(event)));
      expect(found.map(eventOf)).toEqual(events.filter(isBad));
      for (const { kind, reason } of found) expect([kind, reason]).toEqual(['refused', 'out of range']);
    }
  });

  it('are searched for one bad event among many in few attempts', async () => {
    const events = Array.from({ length: 1_024 }, (_, index) => click({ playTimeMs: index === 700 ? 1 : 0 }));
    const { dependencies, log, message } = recording((batch) => {
      if (batch.some(({ playTimeMs }) => playTimeMs === 1)) throw new BadData();
    });
    await recordMessages(dependencies, buffered([message(events)]));
    expect(log.filter((line) => line.startsWith('record')).length).toBeLessThanOrEqual(21);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { perColumn } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { createAdReader } from '../src/ad-reader.js';
import { type Counters, toWindows } from '../src/counters.js';

const lastSecond = { clicks: 0, impressions: 0 };
const windows = perColumn(() => toWindows([0, 0, 0, 0, 0]));

/** A reader whose reads end when the test ends them; the first returns 1 click, the second 2, and so on. */
function readerOf() {
  const reads: { adIds: readonly string[]; finish: (found?: readonly string[]) => void; fail: () => void }[] = [];
  const ask = createAdReader(
    (adIds) =>
      new Promise((resolve, reject) => {
        const clicks = reads.length + 1;
        reads.push({
          adIds,
          finish: (found = adIds) => {
            const counters = found.map((adId): Counters => ({ adId, clicks, impressions: 0, lastSecond, windows }));
            // The order is not that of the request.
            resolve({ source: 'redis', counters: counters.reverse() });
          },
          fail: () => reject(new Error('away')),
        });
      }),
  );
  return { reads, ask };
}

describe('the reader of ads', () => {
  it('reads the ads of one turn of the event loop together, each once, and answers each caller', async () => {
    const { reads, ask } = readerOf();
    const answers = [ask('a'), ask('b')];
    // As in a handler that awaits a resolved promise.
    await Promise.resolve();
    answers.push(ask('a'));
    process.nextTick(() => answers.push(ask('c')));
    await turn();
    expect(reads.map(({ adIds }) => adIds)).toEqual([['a', 'b', 'c']]);
    reads[0]?.finish();
    const found = await Promise.all(answers);
    expect(found.map(({ counters }) => counters.adId)).toEqual(['a', 'b', 'a', 'c']);
    expect(found.every(({ source }) => source === 'redis')).toBe(true);
  });

  it('reads many ads in groups of 50, so that no caller waits for too many others', async () => {
    const { reads, ask } = readerOf();
    const many = Array.from({ length: 120 }, (_, index) => `ad-${index}`);
    const answers = Promise.all(many.map(ask));
    await turn();
    expect(reads.map(({ adIds }) => adIds.length)).toEqual([50, 50, 20]);
    for (const read of reads) read.finish();
    expect((await answers).map(({ counters }) => counters.adId)).toEqual(many);
    void ask('a');
    await turn();
    expect(reads[3]?.adIds).toEqual(['a']);
  });

  it('does not answer a later caller from a read in progress, whose counts may be too old', async () => {
    const { reads, ask } = readerOf();
    const early = ask('a');
    await turn();
    const late = ask('a');
    await turn();
    expect(reads).toHaveLength(2);
    reads[0]?.finish();
    expect((await early).counters.clicks).toBe(1);
    reads[1]?.finish();
    expect((await late).counters.clicks).toBe(2);
  });

  it('rejects all callers of a failed read, and reads again for the next one', async () => {
    const { reads, ask } = readerOf();
    const failures = Promise.allSettled([ask('a'), ask('b')]);
    await turn();
    reads[0]?.fail();
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = ask('a');
    await turn();
    reads[1]?.finish();
    expect((await next).counters.clicks).toBe(2);
  });

  it('rejects only the callers of ads that the read did not return', async () => {
    const { reads, ask } = readerOf();
    const both = Promise.allSettled([ask('a'), ask('b')]);
    await turn();
    reads[0]?.finish(['b']);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

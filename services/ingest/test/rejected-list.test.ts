import { ApiError, unknownAd } from '@ads/contract';
import { describe, expect, it, test } from '@jest/globals';
import { notesTo } from '../src/rejected/open-rejected-events.js';
import {
  createRejectedList,
  LISTED_MS,
  LONGEST_AD_ID,
  MOST_LISTED,
  MOST_PER_REASON,
  NEW_PER_SECOND,
} from '../src/rejected/rejected-list.js';
import { merged } from '../src/rejected/share-rejections.js';

const START = Date.UTC(2026, 0, 2);

function setUp() {
  let time = START;
  const now = () => time;
  const list = createRejectedList(now);
  const { refused } = notesTo(list, now);
  return {
    ...list,
    wait: (ms: number) => {
      time += ms;
    },
    unknown: (adId: string, path = '/t/{event}', client = 'one') =>
      refused(path, unknownAd(adId, 404), { clientKey: () => client }),
    refused: (path: string, error: ApiError) => refused(path, error, { clientKey: () => 'one' }),
    /** The ids that are listed, with their counts. */
    counts: () => Object.fromEntries(list.read().map(({ ad_id: id, count }) => [id, count])),
  };
}

describe('the list of rejections', () => {
  it('counts equal ones together, each event of a batch for itself', () => {
    const { unknown, refused, read, wait } = setUp();
    unknown('wrong');
    wait(1_500);
    unknown('wrong');
    const items = [unknownAd('wrong', 400), unknownAd('other', 400)];
    refused('/ads/events', new ApiError(400, 'invalid_request', 'No event of the batch is valid.', { items }));
    const { message } = unknownAd('wrong', 404);
    expect(read()).toEqual([
      {
        ...{ outcome: 'rejected', path: '/t/{event}', error: 'unknown_ad', message, ad_id: 'wrong', count: 2 },
        ...{ client: 0, first_at: '2026-01-02T00:00:00.000Z', last_at: '2026-01-02T00:00:01.500Z' },
      },
      expect.objectContaining({ path: '/ads/events', ad_id: 'wrong', count: 1 }),
      expect.objectContaining({ path: '/ads/events', ad_id: 'other', count: 1 }),
    ]);
  });

  it('keeps a wrong tag that repeats through a flood of ever new ids, with limits per second, per reason and in all', () => {
    const { unknown, counts, read, notListed, wait } = setUp();
    for (let seconds = 0; seconds < 100; seconds += 1) {
      unknown('wrong-tag');
      for (let sent = 0; sent < 50; sent += 1) unknown(`hostile-${seconds}-${sent}`);
      if (seconds === 0) expect(read()).toHaveLength(NEW_PER_SECOND);
      wait(1_000);
    }
    expect(counts()).toMatchObject({ 'wrong-tag': 100 });
    expect(read()).toHaveLength(MOST_PER_REASON);
    expect(notListed()).toBe(100 * 50 - (MOST_PER_REASON - 1));
    for (let reason = 0; reason < 2 * MOST_LISTED; reason += 1) unknown('wrong-tag', `/path/${reason}`);
    expect(read()).toHaveLength(MOST_LISTED);
    expect(counts()).toMatchObject({ 'wrong-tag': expect.any(Number) });
    wait(LISTED_MS + 1);
    expect(read()).toEqual([]);
  });

  it('keeps rare wrong tags of others, however many ids one client makes up, and however often it sends each', () => {
    const { unknown, counts, wait } = setUp();
    for (let seconds = 0; seconds < 60; seconds += 1) {
      for (let sent = 0; sent < 50; sent += 1) {
        for (let times = 0; times < 3; times += 1) unknown(`hostile-${seconds}-${sent}`, '/t/{event}', 'hostile');
      }
      if (seconds % 10 === 0) unknown(`rare-${seconds}`, '/t/{event}', 'publisher');
      wait(1_000);
    }
    const rare = [0, 10, 20, 30, 40, 50].map((seconds) => [`rare-${seconds}`, 1]);
    expect(counts()).toMatchObject(Object.fromEntries(rare));
  });

  it('cuts ids, and replaces characters that could deceive', () => {
    const { unknown, read } = setUp();
    unknown(`\u001B[2J\u202E\uD83D<b>${'x'.repeat(20_000)}`);
    const [{ ad_id: id = null, message = '' } = {}] = read();
    expect(id).toBe(`\uFFFD[2J\uFFFD\uFFFD<b>${'x'.repeat(LONGEST_AD_ID - 9)}`);
    expect(message).toHaveLength(300);
    expect(message).not.toMatch(/[\p{C}]/u);
  });
});

test('the lists of several replicas are one list, the latest first', () => {
  const answered = { outcome: 'rejected', path: '/t/{event}', error: 'unknown_ad', message: 'x', ad_id: 'a' } as const;
  const row = { ...answered, client: 0 };
  const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString();
  const shareOf = (...rejected: Parameters<typeof merged>[0][number]['rejected']) => ({
    at: 0,
    notListed: 1,
    rejected,
  });
  const one = { ...row, count: 2, first_at: at(5), last_at: at(7) };
  const same = { ...row, count: 3, first_at: at(1), last_at: at(6) };
  const later = { ...row, ad_id: 'b', count: 1, first_at: at(8), last_at: at(8) };
  const old = { ...row, ad_id: 'c', count: 1, first_at: at(-9), last_at: at(-9) };
  expect(merged([shareOf(one), shareOf(same, later, old)], START)).toEqual({
    rejected: [
      { ...answered, ad_id: 'b', count: 1, first_at: at(8), last_at: at(8) },
      { ...answered, count: 5, first_at: at(1), last_at: at(7) },
    ],
    notListed: 2,
  });
  // A client with most of the rows takes no room from others.
  const hostile = Array.from({ length: 2 * MOST_LISTED }, (_, index) => ({
    ...one,
    ad_id: `hostile-${index}`,
    client: 1,
  }));
  const { rejected } = merged([shareOf(...hostile), shareOf({ ...later, first_at: at(1), last_at: at(1) })], START);
  expect([rejected.length, rejected.at(-1)?.ad_id]).toEqual([MOST_LISTED, 'b']);
});

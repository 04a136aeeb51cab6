import { readCursor } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { type Counters, toWindows } from '../src/counters.js';
import { clicksIn, rankPage } from '../src/ranking.js';

/** An ad with these clicks in total, a tenth of them in the last hour. */
function ad(adId: string, clicks: number, lastHour = 0): Counters {
  return {
    adId,
    clicks,
    impressions: 0,
    lastSecond: { clicks: 0, impressions: 0 },
    windows: { clicks: toWindows([0, 0, 0, lastHour, lastHour]), impressions: toWindows([0, 0, 0, 0, 0]) },
  };
}

const ids = (page: { ads: readonly Counters[] }) => page.ads.map(({ adId }) => adId);

/** The page after a cursor. */
function pageAfter(all: readonly Counters[], limit: number, cursor: string | null) {
  return rankPage(all, undefined, limit, cursor === null ? undefined : readCursor(cursor));
}

describe('a page of the ranking', () => {
  it('sorts by clicks and equal ones by id, and does not change its input', () => {
    const all = [ad('b', 5), ad('c', 9), ad('a', 5), ad('d', 0)];
    const before = [...all];
    expect(ids(rankPage(all, undefined, 10, undefined))).toEqual(['c', 'a', 'b', 'd']);
    expect(all).toEqual(before);
  });

  it('sorts by the clicks of the requested timeframe', () => {
    const all = [ad('a', 100, 1), ad('b', 50, 2), ad('c', 10, 3)];
    expect(ids(rankPage(all, '1h', 10, undefined))).toEqual(['c', 'b', 'a']);
    expect(ids(rankPage(all, '1m', 10, undefined))).toEqual(['a', 'b', 'c']);
    expect([clicksIn(ad('a', 100, 1), '1h'), clicksIn(ad('a', 100, 1), undefined)]).toEqual([1, 100]);
  });

  it.each([1, 2, 3, 5, 7])('lists each ad once over pages of %i, and has an end', (limit) => {
    const all = Array.from({ length: 7 }, (_, index) => ad(`ad-${index}`, index % 3));
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page = pageAfter(all, limit, cursor);
      seen.push(...ids(page));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null);
    expect(seen).toEqual(ids(rankPage(all, undefined, 7, undefined)));
    expect(pages).toBe(Math.ceil(7 / limit));
  });

  it('neither repeats nor skips other ads when one moves, appears or disappears between two pages', () => {
    const first = pageAfter([ad('a', 9), ad('b', 8), ad('c', 7), ad('d', 6)], 2, null);
    expect(ids(first)).toEqual(['a', 'b']);
    // d moves to the top, a disappears, n is new: only c remains after b.
    const second = pageAfter([ad('b', 8), ad('c', 7), ad('d', 20), ad('n', 0)], 2, first.nextCursor);
    expect(ids(second)).toEqual(['c', 'n']);
    expect(second.nextCursor).toBeNull();
  });

  it('is empty after the last ad, and for an empty catalogue', () => {
    expect(rankPage([], undefined, 5, undefined)).toEqual({ ads: [], nextCursor: null });
    expect(rankPage([ad('a', 1)], undefined, 5, [0, ''])).toEqual({ ads: [], nextCursor: null });
  });
});

import type { Listing } from '@ads/ledger';
import { writeCursor } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { createAnswers } from '../src/answers.js';
import { type Counters, toWindows } from '../src/counters.js';

const NOW = Date.UTC(2026, 10, 22, 12);
const ISO = '2026-11-22T12:00:00.000Z';

function counters(adId: string, clicks: number): Counters {
  const windows = { clicks: toWindows([0, 1, 1, 2, 3]), impressions: toWindows([0, 0, 4, 8, 8]) };
  return { adId, clicks, impressions: 2 * clicks, lastSecond: { clicks: 0, impressions: 1 }, windows };
}

interface State {
  readonly listing?: Listing;
  readonly loaded?: boolean;
  readonly many?: boolean;
}

/** Answers over two ads; `listing` is the result of a look-up in the catalogue. */
function answersOf({ listing = 'known', loaded = true, many = false }: State = {}) {
  const answer = createAnswers({
    catalogue: {
      isLoaded: () => loaded,
      ids: () => (many ? undefined : []),
      size: () => 1_000_000,
    },
    adsOf: () => ({ find: async () => listing }),
    readAd: async (adId) => ({ source: 'redis', counters: counters(adId, 4) }),
    readAll: async () => ({ source: 'postgres', counters: [counters('ad-001', 4), counters('ad-002', 8)] }),
    readSome: async (adIds) => ({ source: 'redis', counters: adIds.map((adId, index) => counters(adId, index)) }),
    rank: async (timeframe, limit, after) => ({
      adIds: ['ad-007', 'ad-008'].slice(0, limit),
      nextCursor: `${timeframe} ${after?.join()}`,
      totalAds: undefined,
    }),
    now: () => NOW,
  });
  return (query: string) => answer(query, '192.0.2.1');
}

const FIELDS = {
  ad_id: 'ad-001',
  total_clicks: 4,
  impressions: 8,
  ctr: 0.5,
  time_frames: counters('', 0).windows.clicks,
  impressions_time_frames: counters('', 0).windows.impressions,
  ctr_time_frames: {
    last_1_minute: null,
    last_5_minutes: null,
    last_15_minutes: 0.25,
    last_1_hour: 0.25,
    last_24_hours: 0.375,
  },
};

describe('an answer', () => {
  it('for one ad has counts of a timeframe only if the request names one', async () => {
    const rest = { source: 'redis', timestamp: ISO };
    expect(await answersOf()('ad_id=ad-001')).toEqual({ ...FIELDS, ...rest });
    expect(await answersOf()('ad_id=ad-001&timeframe=1h')).toEqual({
      ...FIELDS,
      timeframe: '1h',
      clicks: 2,
      timeframe_impressions: 8,
      timeframe_ctr: 0.25,
      ...rest,
    });
  });

  it('for all ads is a page of them, sorted by clicks', async () => {
    const page = await answersOf()('limit=1');
    expect(page).toMatchObject({ total_ads: 2, timeframe: null, source: 'postgres', generated_at: ISO });
    expect(page).toMatchObject({ analytics: [{ ad_id: 'ad-002' }], next_cursor: expect.any(String) });
    const { next_cursor: cursor } = page as { next_cursor: string };
    expect(await answersOf()(`limit=1&cursor=${cursor}`)).toMatchObject({ analytics: [FIELDS], next_cursor: null });
  });

  it('for all ads of a large catalogue is a page of the ranking by Postgres, with current counters', async () => {
    const position = writeCursor([5, 'ad-006']);
    expect(await answersOf({ many: true })(`limit=2&timeframe=1h&cursor=${position}`)).toMatchObject({
      total_ads: 1_000_000,
      analytics: [
        { ad_id: 'ad-007', total_clicks: 0 },
        { ad_id: 'ad-008', total_clicks: 1 },
      ],
      next_cursor: '1h 5,ad-006',
      source: 'redis',
    });
  });

  it.each([
    ['for an unknown ad', 'ad_id=ad-001', { listing: 'unknown' as const }, 404],
    ['for an ad that cannot be looked up', 'ad_id=ad-001', { listing: 'unverified' as const }, 503],
    ['for an ad while too many look-ups wait', 'ad_id=ad-001', { listing: 'busy' as const }, 503],
    ['for all ads while the catalogue is not loaded', '', { loaded: false }, 503],
    ['for an invalid timeframe', 'ad_id=ad-001&timeframe=2h', {}, 400],
    ['for an invalid cursor', 'cursor=abc', {}, 400],
  ])('%s has an error status', async (_what, query, state, status) => {
    await expect(answersOf(state)(query)).rejects.toMatchObject({ name: 'ApiError', status });
  });
});

import { ctr, type Timeframe } from '@ads/models';
import type { AdResult } from './ad-reader.js';
import type { Counters, Source } from './counters.js';
import { clicksIn, type Page } from './ranking.js';

/** The answer about one ad. @param now milliseconds */
export function adAnswer({ source, counters }: AdResult, timeframe: Timeframe | undefined, now: number) {
  return { ...adFields(counters, timeframe), source, timestamp: new Date(now).toISOString() };
}

/** The answer about all ads: one page of them. @param now milliseconds */
export function pageAnswer(
  source: Source,
  totalAds: number,
  page: Page,
  timeframe: Timeframe | undefined,
  now: number,
) {
  return {
    total_ads: totalAds,
    timeframe: timeframe ?? null,
    analytics: page.ads.map((ad) => adFields(ad, timeframe)),
    next_cursor: page.nextCursor,
    source,
    generated_at: new Date(now).toISOString(),
  };
}

function adFields(counters: Counters, timeframe: Timeframe | undefined) {
  return {
    ad_id: counters.adId,
    total_clicks: counters.clicks,
    impressions: counters.impressions,
    ctr: ctr(counters.clicks, counters.impressions),
    time_frames: counters.windows.clicks,
    ...(timeframe === undefined ? {} : { timeframe, clicks: clicksIn(counters, timeframe) }),
  };
}

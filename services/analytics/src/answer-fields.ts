import { ctr, type Timeframe, windowOf } from '@ads/models';
import type { AdResult } from './ad-reader.js';
import type { Counters, Source } from './counters.js';
import type { Page } from './ranking.js';

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
  const { clicks, impressions } = counters.windows;
  return {
    ad_id: counters.adId,
    total_clicks: counters.clicks,
    impressions: counters.impressions,
    ctr: ctr(counters.clicks, counters.impressions),
    time_frames: clicks,
    impressions_time_frames: impressions,
    ctr_time_frames: {
      last_1_minute: ctr(clicks.last_1_minute, impressions.last_1_minute),
      last_5_minutes: ctr(clicks.last_5_minutes, impressions.last_5_minutes),
      last_15_minutes: ctr(clicks.last_15_minutes, impressions.last_15_minutes),
      last_1_hour: ctr(clicks.last_1_hour, impressions.last_1_hour),
      last_24_hours: ctr(clicks.last_24_hours, impressions.last_24_hours),
    },
    ...timeframeFields(counters, timeframe),
  };
}

function timeframeFields({ windows: { clicks, impressions } }: Counters, timeframe: Timeframe | undefined) {
  const window = timeframe && windowOf(timeframe);
  if (window === undefined) return {};
  const { field } = window;
  return {
    timeframe,
    clicks: clicks[field],
    timeframe_impressions: impressions[field],
    timeframe_ctr: ctr(clicks[field], impressions[field]),
  };
}

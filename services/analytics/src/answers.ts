import { ctr, type Timeframe } from '@ads/models';
import { clicksIn } from './busiest.js';
import type { Counters, Source } from './counters.js';

/** The answer about one ad. */
export function adAnswer(counters: Counters, source: Source, timeframe: Timeframe | undefined, now: number) {
  return { ...adFields(counters, timeframe), source, timestamp: new Date(now).toISOString() };
}

/** The fields of an ad, in its own answer and in a list. */
export function adFields(counters: Counters, timeframe: Timeframe | undefined) {
  return {
    ad_id: counters.adId,
    total_clicks: counters.clicks,
    impressions: counters.impressions,
    ctr: ctr(counters.clicks, counters.impressions),
    time_frames: counters.windows,
    ...(timeframe === undefined ? {} : { timeframe, clicks: clicksIn(counters, timeframe) }),
  };
}

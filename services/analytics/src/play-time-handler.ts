import { readFileSync } from 'node:fs';
import { invalidFields, queryOf, readPlayTimeQuery, unavailable, unknownAd } from '@ads/contract';
import { type FastPathHandler, weakTag } from '@ads/http';
import type { Database } from '@ads/ledger';
import type { AdsOf } from './ads-of.js';
import { unverified } from './require-ad.js';

const READ_PLAY_TIMES = readFileSync(new URL('../sql/read-play-times.sql', import.meta.url), 'utf8');

export interface PlayTimeDependencies {
  readonly adsOf: AdsOf;
  readonly database: Database;
}

/** `GET /api/v1/ads/analytics/play-time`: at which second of the video people click. */
export function playTimeHandler({ adsOf, database }: PlayTimeDependencies): FastPathHandler {
  return async (context) => {
    const result = readPlayTimeQuery(queryOf(context.request.url ?? ''));
    if (result.state === 'invalid') throw invalidFields(result.details);
    const adId = result.query.ad_id;
    const { advertiser, share } = context.caller;
    const listing = await adsOf(advertiser, share).find(adId, context.clientKey());
    if (listing === 'unknown') throw unknownAd(adId, 404);
    // Without the owner of the ad nobody knows whether a limited caller may read it.
    const isLimited = advertiser !== undefined || share !== undefined;
    if (listing === 'unverified' && isLimited) throw unverified();
    if (listing === 'busy') throw unavailable('Too many unknown ads are being looked up; retry later.');
    const seconds = await database.query<{ second: number; clicks: number }>('read_play_times', READ_PLAY_TIMES, [
      adId,
    ]);
    const clicks = seconds.reduce((sum, one) => sum + one.clicks, 0);
    const body = JSON.stringify({ ad_id: adId, clicks, seconds });
    return { status: 200, body, etag: weakTag(body) };
  };
}

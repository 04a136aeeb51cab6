import { ApiError, noTarget, prefetchRefused, unavailable, unknownAd } from '@ads/contract';
import { type Answer, linesOf, type RequestContext, type TagRoute, userAgentOf } from '@ads/http';
import type { ServedAd, ServedAds } from '@ads/ledger';
import { AD_ID, type AdEvent } from '@ads/models';
import { type JudgeDependencies, type ReceiptDependencies, receiptOf } from '../event-handler.js';
import { ofTag } from '../invalid-traffic/circumstances.js';
import { clickUrl, targetOf } from './click-target.js';
import { noticeOf } from './notice.js';
import type { PendingClicks } from './pending-clicks.js';
import { isPrefetch } from './prefetch.js';
import { readTagEvent, type Viewer } from './tag-event.js';
import type { TagMetrics } from './tag-metrics.js';
import { readTagQuery, type TagQuery } from './tag-query.js';

export interface ClickDependencies extends ReceiptDependencies, JudgeDependencies {
  readonly ads: Pick<ServedAds, 'get' | 'find'>;
  readonly clicks: Pick<PendingClicks, 'store'>;
  readonly metrics: Pick<TagMetrics, 'unfilled' | 'prefetched'>;
}

/** The target gets the origin of the page only, as usual for links. */
const LINES = linesOf([
  ...['Cache-Control', 'no-store'],
  ...['X-Robots-Tag', 'noindex, nofollow'],
  ...['Referrer-Policy', 'origin'],
]);

/**
 * `GET /c/{ad_id}`: a click-through. Answers 302 to the stored target when the click is durable or pending. It redirects for ads in
 * every state and with both values of `click_mode`: a link may be older than a change of its ad. HEAD counts nothing. A prefetch is
 * answered with 503, because a browser would keep a redirect, and the click would never arrive.
 */
export function clickThrough(dependencies: ClickDependencies): TagRoute {
  const { ads, metrics } = dependencies;
  return {
    limit: 'events',
    takesPosts: false,
    errorContent: noticeOf,
    handler(context, { parameter, query }) {
      if (isPrefetch(context.request)) {
        metrics.prefetched('click');
        throw prefetchRefused();
      }
      const ad = ads.get(parameter);
      if (ad !== undefined) return redirect(ad, query, context, dependencies);
      return findAd(ads, parameter, context.clientKey()).then((found) => redirect(found, query, context, dependencies));
    },
  };
}

/** @throws ApiError 404 or 503 */
async function findAd(ads: Pick<ServedAds, 'find'>, adId: string, client: string): Promise<ServedAd> {
  const listing = AD_ID.test(adId) ? await ads.find(adId, client) : ({ state: 'unknown' } as const);
  if (listing.state === 'known') return listing.ad;
  if (listing.state === 'unknown') throw unknownAd(adId, 404);
  throw unavailable(
    listing.state === 'busy'
      ? 'Too many unknown ads are being looked up; retry later.'
      : 'The ad cannot be looked up because the catalogue is unavailable; retry later.',
  );
}

/** @throws ApiError 404 without a target, 503 until the time is known */
function redirect(
  ad: ServedAd,
  queryText: string,
  context: RequestContext,
  dependencies: ClickDependencies,
): Answer | Promise<Answer> {
  const target = targetOf(ad);
  if (target === undefined) throw noTarget(ad.id);
  const query = readTagQuery(queryText, dependencies.metrics.unfilled);
  const receipt = receiptOf(context, dependencies);
  const { now } = receipt;
  if (context.request.method === 'HEAD') return redirectTo(clickUrl(ad, target, '', now, query));
  const viewer = { ip: receipt.callerIp(), userAgent: userAgentOf(context.request) };
  const click = readClick(ad.id, query, viewer, receipt);
  const { judge } = dependencies;
  const judged = judge === undefined ? click : judge(click, ofTag(context, viewer, 'link', query));
  return dependencies.clicks.store(judged, redirectTo(clickUrl(ad, target, click.id, now, query)));
}

function redirectTo(url: string): Answer {
  return { status: 302, body: '', lines: LINES, headers: ['Location', url] };
}

/** Reads the click without the times of the link if they are not valid. */
function readClick(adId: string, query: TagQuery, viewer: Viewer, receipt: ReturnType<typeof receiptOf>): AdEvent {
  try {
    return readTagEvent('click', adId, query, viewer, receipt);
  } catch (error) {
    if (error instanceof ApiError) return readTagEvent('click', adId, withoutTimes(query), viewer, receipt);
    throw error;
  }
}

/** Drops the session and the time of a link that are too old or too far ahead. The click itself happens now, so it counts now. */
function withoutTimes(query: TagQuery): TagQuery {
  return { ...query, sid: undefined, ts: undefined };
}

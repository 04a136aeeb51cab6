import { ApiError, noTarget, prefetchRefused, unavailable, unknownAd } from '@ads/contract';
import { type Answer, type RequestContext, type TagRoute, userAgentOf } from '@ads/http';
import type { ServedAd, ServedAds } from '@ads/ledger';
import { AD_ID, type AdEvent } from '@ads/models';
import { type JudgeDependencies, type ReceiptDependencies, receiptOf } from '../event-handler.js';
import { ofTag } from '../invalid-traffic/circumstances.js';
import { clickUrl, targetOf } from './click-target.js';
import { noticeOf } from './notice.js';
import type { PendingClicks } from './pending-clicks.js';
import { isPrefetch } from './prefetch.js';
import { readTagEvent } from './tag-event.js';
import type { TagMetrics } from './tag-metrics.js';
import { readTagQuery, type TagQuery } from './tag-query.js';

export interface ClickDependencies extends ReceiptDependencies, JudgeDependencies {
  readonly ads: Pick<ServedAds, 'get' | 'find'>;
  readonly clicks: Pick<PendingClicks, 'store'>;
  readonly metrics: Pick<TagMetrics, 'unfilled' | 'prefetched'>;
}

/** The target gets the origin of the page only, as usual for links. */
const HEADERS = ['Cache-Control', 'no-store', 'X-Robots-Tag', 'noindex, nofollow', 'Referrer-Policy', 'origin'];

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
  const answer = (id: string): Answer => ({
    status: 302,
    body: '',
    headers: [...HEADERS, 'Location', clickUrl(ad, target, id, receipt.now, query)],
  });
  if (context.request.method === 'HEAD') return answer('');
  const viewer = { ip: receipt.callerIp(), userAgent: userAgentOf(context.request) };
  const read = (from: TagQuery): AdEvent => readTagEvent('click', ad.id, from, viewer, receipt);
  const click = readOr(
    () => read(query),
    () => read(withoutTimes(query)),
  );
  const { judge } = dependencies;
  const judged = judge === undefined ? click : judge(click, ofTag(context, viewer, 'link', query));
  return dependencies.clicks.store(judged).then(() => answer(click.id));
}

/** @param otherwise called if the request is not valid */
function readOr<T>(read: () => T, otherwise: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ApiError) return otherwise();
    throw error;
  }
}

/** Drops the session and the time of a link that are too old or too far ahead. The click itself happens now, so it counts now. */
function withoutTimes(query: TagQuery): TagQuery {
  return { ...query, sid: undefined, ts: undefined };
}

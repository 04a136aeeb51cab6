import { type ApiError, unavailable, unknownAd } from '@ads/contract';
import { type Answer, type Content, linesOf, type RequestContext, type TagRoute } from '@ads/http';
import type { ServedAds } from '@ads/ledger';
import { AD_ID, type Ad, EVENT_LABELS, uuidv7 } from '@ads/models';
import { readTagQuery } from './tag-query.js';
import { CARRIED_NAMES, type Carried, type CarriedName } from './tag-session.js';
import type { TagSigning } from './tag-signing.js';
import { createVastRenderer } from './vast.js';
import { EMPTY_VAST } from './vast-document.js';
import type { VastMetrics } from './vast-metrics.js';

export interface VastRouteOptions {
  readonly ads: Pick<ServedAds, 'get' | 'find'>;
  readonly publicUrl: string;
  readonly metrics: VastMetrics;
  /** Called for each document without an ad of an ad that exists. */
  readonly onEmpty: (ad: Ad) => void;
  /** Undefined if tags are not signed. */
  readonly signing: Pick<TagSigning, 'sign'> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const TYPE = 'application/xml; charset=utf-8';
/** If a cache gave one response to two viewers, they would share a session, and their events would count only once. */
const NOT_STORED = linesOf(['Cache-Control', 'no-store']);

/**
 * `GET /vast/{ad_id}`: a VAST 4.2 document with a session of its own. An ad that is not served gets 200 and a document without an
 * ad, because players take other statuses for failures. An unknown ad is a mistake in the tag, so it gets 404.
 */
export function vastRoute({ ads, publicUrl, metrics, onEmpty, signing, now }: VastRouteOptions): TagRoute {
  const render = createVastRenderer(publicUrl);
  const answer = (ad: Ad, { request }: RequestContext, query: string): Answer => {
    const time = now();
    const carried = readCarried(query, metrics.ignored);
    const sid = uuidv7(time);
    const signature = signing?.sign({ adId: ad.id, sid, placement: carried.placement }, time);
    const { result, xml } = render(ad, { sid, signature, carried }, time);
    if (request.method !== 'HEAD') {
      metrics.served(result);
      if (result === 'empty') onEmpty(ad);
    }
    return { status: 200, body: xml, type: TYPE, lines: NOT_STORED };
  };
  const find = async (adId: string, context: RequestContext): Promise<Ad> => {
    const found = await ads.find(adId, context.clientKey());
    if (found.state === 'known') return found.ad;
    if (found.state === 'unknown') throw unknown(adId, metrics);
    metrics.served('unavailable');
    throw unavailable('The ad cannot be looked up now; retry later.');
  };
  return {
    limit: 'events',
    takesPosts: false,
    handler(context, { parameter: adId, query }) {
      const ad = ads.get(adId);
      if (ad !== undefined) return answer(ad, context, query);
      if (!AD_ID.test(adId)) throw unknown(adId, metrics);
      return find(adId, context).then((found) => answer(found, context, query));
    },
    errorContent,
  };
}

function unknown(adId: string, metrics: VastMetrics): ApiError {
  metrics.served('unknown_ad');
  return unknownAd(adId, 404);
}

/** A document without an ad: players read no JSON. The comment is for people. */
const errorContent = ({ code }: ApiError): Content => ({
  body: `${EMPTY_VAST}<!-- ${code} -->\n`,
  type: TYPE,
  lines: NOT_STORED,
});

/**
 * Invalid values are left out: a label that is too long is no reason to lose an impression. The URLs of the document read their
 * labels in the same way.
 */
function readCarried(query: string, onIgnored: (name: CarriedName) => void): Carried {
  if (query === '') return {};
  const found = readTagQuery(query, () => undefined);
  const carried: { -readonly [Name in keyof Carried]: Carried[Name] } = {};
  for (const name of CARRIED_NAMES) {
    const value = found[name];
    if (value === undefined) continue;
    if (EVENT_LABELS.placement.isValid(value)) carried[name] = value;
    else onIgnored(name);
  }
  return carried;
}

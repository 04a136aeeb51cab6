import type { ServedAd } from '@ads/ledger';
import { fillTarget, readTarget, type TargetParts } from '@ads/models';
import type { TagQuery } from './tag-query.js';

const targets = new WeakMap<ServedAd, TargetParts | 'unsafe'>();

/** The target of an ad, read once per object; undefined if no click may open it. */
export function targetOf(ad: ServedAd): TargetParts | undefined {
  let target = targets.get(ad);
  if (target === undefined) {
    const reading = readTarget(ad.target_url);
    target = reading.state === 'unsafe' ? 'unsafe' : reading.parts;
    targets.set(ad, target);
  }
  return target === 'unsafe' ? undefined : target;
}

/** Proxies answer 502 for a response whose headers are longer than their buffer: 4 KB by default in nginx. */
const LONGEST_URL = 3_000;

/** What a click adds to its URL. */
export interface Click {
  /** Empty if the click is not counted. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly query: TagQuery;
}

/** The URL that a click opens. Values of the query are left empty if the URL would be too long with them. */
export function clickUrl(ad: ServedAd, target: TargetParts, { id, time, query }: Click): string {
  const own = { click_id: id, ad_id: ad.id, campaign: ad.campaign ?? undefined, ts: time.toFixed() };
  const { sid, placement, sub1, sub2, sub3, sub4, sub5 } = query;
  const url = fillTarget(target, { ...own, sid, placement, sub1, sub2, sub3, sub4, sub5 });
  return url.length <= LONGEST_URL ? url : fillTarget(target, own);
}

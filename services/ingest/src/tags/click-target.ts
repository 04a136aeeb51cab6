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

const NO_VALUES: TagQuery = {};

/**
 * The URL that a click opens. Values of the query are left empty if the URL would be too long with them.
 *
 * @param id that of the click; empty if it is not counted
 * @param time milliseconds since the epoch
 */
export function clickUrl(ad: ServedAd, target: TargetParts, id: string, time: number, query: TagQuery): string {
  // Written out, because adding fields to a spread object takes 7 µs.
  const url = fillTarget(target, {
    click_id: id,
    ad_id: ad.id,
    campaign: ad.campaign ?? undefined,
    ts: time.toFixed(),
    sid: query.sid,
    placement: query.placement,
    sub1: query.sub1,
    sub2: query.sub2,
    sub3: query.sub3,
    sub4: query.sub4,
    sub5: query.sub5,
  });
  return url.length <= LONGEST_URL || query === NO_VALUES ? url : clickUrl(ad, target, id, time, NO_VALUES);
}

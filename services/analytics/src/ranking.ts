import { type Position, type Timeframe, windowOf, writeCursor } from '@ads/models';
import type { Counters } from './counters.js';

/** A page of ads, busiest first, and the cursor of the next one; null on the last. */
export interface Page {
  readonly ads: readonly Counters[];
  readonly nextCursor: string | null;
}

/** Clicks in a timeframe, by default of all time. */
export function clicksIn(counters: Counters, timeframe: Timeframe | undefined): number {
  const window = timeframe && windowOf(timeframe);
  return window ? counters.windows.clicks[window.field] : counters.clicks;
}

/**
 * The page after a position: most clicks first, ads with equal clicks by id. An ad that changes its rank between two pages may
 * appear twice or not at all. The other ads are neither repeated nor skipped, because a position is not a number of ads.
 *
 * @param after the clicks and the id of the last ad of the previous page
 */
export function rankPage(
  all: readonly Counters[],
  timeframe: Timeframe | undefined,
  limit: number,
  after: Position | undefined,
): Page {
  const position = (counters: Counters): Position => [clicksIn(counters, timeframe), counters.adId];
  const ranked = rank(all, timeframe, (a, b) => compare(position(a), position(b)));
  const begin = after === undefined ? 0 : countUntil(ranked, (counters) => compare(position(counters), after) > 0);
  const ads = ranked.slice(begin, begin + limit);
  const last = ads.at(-1);
  return { ads, nextCursor: last && begin + limit < ranked.length ? writeCursor(position(last)) : null };
}

const rankings = new WeakMap<readonly Counters[], Map<Timeframe | undefined, readonly Counters[]>>();

/** The sorted ads of each list and timeframe, because many pages are read from one list. */
function rank(
  all: readonly Counters[],
  timeframe: Timeframe | undefined,
  order: (a: Counters, b: Counters) => number,
): readonly Counters[] {
  const ofList = rankings.get(all) ?? new Map<Timeframe | undefined, readonly Counters[]>();
  rankings.set(all, ofList);
  const ranked = ofList.get(timeframe) ?? [...all].sort(order);
  ofList.set(timeframe, ranked);
  return ranked;
}

/** Index of the first element for which `holds` is true. `holds` must also be true for every later element. */
function countUntil<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(sorted[middle] as T)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function compare([clicksA, idA]: Position, [clicksB, idB]: Position): number {
  if (clicksA !== clicksB) return clicksB - clicksA;
  if (idA === idB) return 0;
  return idA < idB ? -1 : 1;
}

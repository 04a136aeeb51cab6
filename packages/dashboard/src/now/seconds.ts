import type { LiveCounts, LiveState } from '../api/answers.js';

/** The events that were counted in one second. */
export interface Second {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly clicks: number;
  readonly impressions: number;
}

/** The events of an ad that were counted in one second. */
export interface Arrival extends Second {
  readonly adId: string;
}

/** The part of a live stream that the page has received and keeps. */
export interface Watched {
  /** Seconds without a gap, oldest first, which end with that of the last state. */
  readonly seconds: readonly Second[];
  /** Newest first. */
  readonly arrivals: readonly Arrival[];
  readonly state: LiveState | undefined;
}

export const NOTHING_WATCHED: Watched = { seconds: [], arrivals: [], state: undefined };

/** Seconds that are kept. */
export const SECONDS_SHOWN = 120;
const ARRIVALS_SHOWN = 50;

/** The whole second that a state counts: the last one before its time. */
export function secondOf({ time }: LiveState): number {
  return Math.floor(Date.parse(time) / 1_000) - 1;
}

/**
 * Adds the next state of a stream. A second without a state had no events. The events of a second are the difference of the totals,
 * which also includes events that were counted late, so the seconds add up to the change of the totals.
 *
 * @param state of all ads
 */
export function watch({ seconds, arrivals, state: before }: Watched, state: LiveState): Watched {
  const at = secondOf(state);
  const last = seconds.at(-1);
  const counted = { at, ...countedIn(state.all, before?.all) };
  const kept = [...seconds];
  if (last !== undefined && last.at >= at) {
    kept[kept.length - 1] = {
      at: last.at,
      clicks: last.clicks + counted.clicks,
      impressions: last.impressions + counted.impressions,
    };
  } else {
    kept.push(...emptySeconds(last?.at ?? at - 1, at), counted);
  }
  const known = new Map(before?.ads.map((ad) => [ad.ad_id, ad]));
  // A state names the busiest ads only. An ad that is missing from a list of all ads is new.
  const hadAll = before !== undefined && before.ads.length === before.all?.total_ads;
  const arrived = state.ads
    .map(
      (ad): Arrival => ({
        at,
        adId: ad.ad_id,
        ...countedIn(ad, known.get(ad.ad_id) ?? (hadAll ? NO_TOTALS : undefined)),
      }),
    )
    .filter(({ clicks, impressions }) => clicks + impressions > 0);
  return {
    seconds: kept.slice(-SECONDS_SHOWN),
    arrivals: arrived.length === 0 ? arrivals : [...arrived, ...arrivals].slice(0, ARRIVALS_SHOWN),
    state,
  };
}

/** Begins again with the next state, because the states in between were missed. */
export function interrupt({ arrivals }: Watched): Watched {
  return { ...NOTHING_WATCHED, arrivals };
}

/** The seconds until a time, as far as they are known: without a state they had no events. @param now seconds since the epoch */
export function secondsUntil({ seconds }: Watched, now: number): readonly Second[] {
  const last = seconds.at(-1);
  if (last === undefined || last.at >= now) return seconds;
  return [...seconds, ...emptySeconds(last.at, now + 1)].slice(-SECONDS_SHOWN);
}

const NO_TOTALS = { total_clicks: 0, impressions: 0 };

function countedIn(
  now: LiveCounts | undefined,
  before: typeof NO_TOTALS | undefined,
): { clicks: number; impressions: number } {
  if (now === undefined) return { clicks: 0, impressions: 0 };
  if (before === undefined) return { ...now.last_second };
  return {
    // Totals never decrease in a stream.
    clicks: now.total_clicks - before.total_clicks,
    impressions: now.impressions - before.impressions,
  };
}

/** @param after not included @param until not included */
function emptySeconds(after: number, until: number): Second[] {
  const first = Math.max(after + 1, until - SECONDS_SHOWN);
  return Array.from({ length: Math.max(0, until - first) }, (_, index) => ({
    at: first + index,
    clicks: 0,
    impressions: 0,
  }));
}

import { ctr } from '@ads/models';
import type { Source } from '../counters.js';
import type { LiveCounts } from './floors.js';

/** The counts of one message. */
export interface LiveState {
  readonly source: Source;
  /** All ads together; undefined in a stream of some ads. */
  readonly all?: { readonly totalAds: number; readonly counts: LiveCounts };
  readonly ads: readonly LiveCounts[];
}

/** A state as JSON, without its time and its first brace. Equal states have equal texts. */
export function stateText({ source, all, ads }: LiveState): string {
  const fields = {
    source,
    ...(all === undefined ? {} : { all: { total_ads: all.totalAds, ...countsOf(all.counts) } }),
    ads: ads.map((counts) => ({ ad_id: counts.adId, ...countsOf(counts) })),
  };
  return JSON.stringify(fields).slice(1);
}

function countsOf({ clicks, impressions, lastSecond }: LiveCounts) {
  return { total_clicks: clicks, impressions, ctr: ctr(clicks, impressions), last_second: lastSecond };
}

/** The state of a stream while neither store answers. */
export const UNAVAILABLE = 'unavailable';

const UNAVAILABLE_MESSAGE = 'Redis and Postgres are unavailable; the stream continues when one of them answers.';

/**
 * A server-sent event.
 *
 * @param state a text of `stateText`, or `UNAVAILABLE`
 * @param time milliseconds
 */
export function eventText(state: string, time: number): string {
  const stamp = `"time":"${new Date(time).toISOString()}"`;
  if (state !== UNAVAILABLE) return `id: ${time}\ndata: {${stamp},${state}\n\n`;
  return `event: unavailable\nid: ${time}\ndata: {${stamp},"message":"${UNAVAILABLE_MESSAGE}"}\n\n`;
}

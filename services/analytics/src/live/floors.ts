import type { Counters } from '../counters.js';

/** The counts of one ad, or of all ads, in a stream. */
export type LiveCounts = Pick<Counters, 'adId' | 'clicks' | 'impressions' | 'lastSecond'>;

/**
 * Returns counts whose totals are never below those of an earlier call: Redis may be read after Postgres, and a slow read may end
 * after a later one. Ads that are missing in a call are forgotten.
 */
export function createFloors(): (counts: readonly LiveCounts[]) => LiveCounts[] {
  let before: ReadonlyMap<string, LiveCounts> = new Map();
  return (counts) => {
    const raised = counts.map((read) => {
      const floor = before.get(read.adId);
      if (floor === undefined || (read.clicks >= floor.clicks && read.impressions >= floor.impressions)) return read;
      return {
        ...read,
        clicks: Math.max(read.clicks, floor.clicks),
        impressions: Math.max(read.impressions, floor.impressions),
      };
    });
    before = new Map(raised.map((one) => [one.adId, one]));
    return raised;
  };
}

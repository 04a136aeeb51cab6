import type { TotalColumn, WindowCounts } from '@ads/models';

/** The store that an answer was read from. */
export type Source = 'redis' | 'postgres';

/** All counts of one ad at the same time. */
export interface Counters {
  readonly adId: string;
  /** All time. */
  readonly clicks: number;
  readonly impressions: number;
  /** The last whole second. */
  readonly lastSecond: Readonly<Record<TotalColumn, number>>;
  readonly windows: Readonly<Record<TotalColumn, WindowCounts>>;
}

/** Counts in the windows, narrowest first. */
export type CountsByWindow = readonly [number, number, number, number, number];

export function toWindows([last1, last5, last15, lastHour, lastDay]: CountsByWindow): WindowCounts {
  return {
    last_1_minute: last1,
    last_5_minutes: last5,
    last_15_minutes: last15,
    last_1_hour: lastHour,
    last_24_hours: lastDay,
  };
}

/** Counters of some ads, unordered, and their source. */
export interface CountersResult {
  readonly source: Source;
  readonly counters: readonly Counters[];
}

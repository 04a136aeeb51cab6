import type { WindowClicks } from '@ads/models';

/** The store that an answer was read from. */
export type Source = 'redis' | 'postgres';

/** All counts of one ad at the same time. */
export interface Counters {
  readonly adId: string;
  /** All time. */
  readonly clicks: number;
  readonly impressions: number;
  readonly windows: WindowClicks;
}

/** Counters of some ads, unordered, and their source. */
export interface CountersResult {
  readonly source: Source;
  readonly counters: readonly Counters[];
}

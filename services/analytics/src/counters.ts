import type { WindowClicks } from '@ads/models';

/** Where an answer comes from. */
export type Source = 'redis' | 'postgres';

/** Everything that is counted of one ad, at one moment. */
export interface Counters {
  readonly adId: string;
  /** All time. */
  readonly clicks: number;
  readonly impressions: number;
  readonly windows: WindowClicks;
}

/** Counters of some ads, in no order, and who they are from. */
export interface CountersReading {
  readonly source: Source;
  readonly counters: readonly Counters[];
}

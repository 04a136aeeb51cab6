import type { TotalColumn } from '@ads/models';

/** Some buckets and their counts. */
export type Buckets = [bucket: number, count: number][];

/** Absolute counts of one ad in Postgres: totals, and some buckets. */
export interface AdCounts {
  readonly adId: string;
  clicks: number;
  impressions: number;
  readonly seconds: Readonly<Record<TotalColumn, Buckets>>;
  readonly minutes: Readonly<Record<TotalColumn, Buckets>>;
}

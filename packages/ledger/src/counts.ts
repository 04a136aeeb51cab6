/** Absolute counts of one ad in Postgres: totals, and some buckets as `[bucket, clicks]`. */
export interface AdCounts {
  readonly adId: string;
  clicks: number;
  impressions: number;
  readonly seconds: [second: number, clicks: number][];
  readonly minutes: [minute: number, clicks: number][];
}

/** Absolute counts of one ad, as Postgres holds them: all time, and in some buckets (`[bucket, clicks]`). */
export interface AdCounts {
  readonly adId: string;
  clicks: number;
  impressions: number;
  readonly seconds: [second: number, clicks: number][];
  readonly minutes: [minute: number, clicks: number][];
}

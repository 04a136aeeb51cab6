/** The sliding windows, narrowest first: name in queries, field in responses, width in seconds. */
export const WINDOWS = [
  { timeframe: '1m', field: 'last_1_minute', seconds: 60 },
  { timeframe: '5m', field: 'last_5_minutes', seconds: 300 },
  { timeframe: '15m', field: 'last_15_minutes', seconds: 900 },
  { timeframe: '1h', field: 'last_1_hour', seconds: 3_600 },
  { timeframe: '24h', field: 'last_24_hours', seconds: 86_400 },
] as const;

export type Timeframe = (typeof WINDOWS)[number]['timeframe'];
export type WindowField = (typeof WINDOWS)[number]['field'];

/** Clicks or impressions in each window. A wider window never has fewer than a narrower one. */
export type WindowCounts = Record<WindowField, number>;

/** Number of second buckets, and of minute buckets, that windows read. */
const SECONDS_SEEN = 3_600;
const MINUTES_SEEN = 1_440;

/**
 * Number of second buckets, and least number of minute buckets, that Postgres keeps beside the current one. No window reads older
 * ones, even if the clocks of Postgres and of a reader differ by two hours. `MINUTE_RETENTION_HOURS` keeps more minutes for
 * reports.
 */
export const SECONDS_KEPT = 3 * 3_600;
export const LEAST_MINUTES_KEPT = 50 * 60;

/** The second bucket of a time in milliseconds. */
export function secondOf(time: number): number {
  return Math.floor(time / 1_000);
}

/** The minute bucket of a time in milliseconds. */
export function minuteOf(time: number): number {
  return Math.floor(time / 60_000);
}

/** If the clocks of writer and reader differ by at most this (milliseconds), every bucket that a window reads is written. */
export const CLOCK_SLACK = 60_000;

/**
 * Returns the oldest buckets that a window can read, by a clock up to a minute behind `now` (milliseconds). Windows up to an
 * hour slide to the second: seconds `(now - width, now]`. The 24-hour window slides to the minute; the current minute is
 * the newest of its 1,440.
 */
export function oldestVisible(now: number): { second: number; minute: number } {
  const reader = now - CLOCK_SLACK;
  return { second: secondOf(reader) - SECONDS_SEEN + 1, minute: minuteOf(reader) - MINUTES_SEEN + 1 };
}

/** Returns the window of a timeframe; undefined for an unknown one. */
export function windowOf(timeframe: string): (typeof WINDOWS)[number] | undefined {
  return WINDOWS.find((window) => window.timeframe === timeframe);
}

/**
 * Returns clicks per impression as a fraction (0.05 is 5 %); null without impressions. It exceeds 1 if players
 * report clicks but no impressions.
 */
export function ctr(clicks: number, impressions: number): number | null {
  return impressions === 0 ? null : clicks / impressions;
}

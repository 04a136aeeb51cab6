/** The sliding windows, narrowest first: the name in a query, the field in an answer, and the width in seconds. */
export const WINDOWS = [
  { timeframe: '1m', field: 'last_1_minute', seconds: 60 },
  { timeframe: '5m', field: 'last_5_minutes', seconds: 300 },
  { timeframe: '15m', field: 'last_15_minutes', seconds: 900 },
  { timeframe: '1h', field: 'last_1_hour', seconds: 3_600 },
  { timeframe: '24h', field: 'last_24_hours', seconds: 86_400 },
] as const;

export type Timeframe = (typeof WINDOWS)[number]['timeframe'];
export type WindowField = (typeof WINDOWS)[number]['field'];

/** Clicks in each window. A wider window never holds fewer than a narrower one. */
export type WindowClicks = Record<WindowField, number>;

/** How far back the widest window reads second buckets, and minute buckets. */
const SECONDS_SEEN = 3_600;
const MINUTES_SEEN = 1_440;

/**
 * How many second buckets, and minute buckets, are kept in Postgres beside the current one. Older ones are neither written
 * nor kept: no window sees them, also where the clocks of Postgres and of a reader are two hours apart.
 */
export const SECONDS_KEPT = 3 * 3_600;
export const MINUTES_KEPT = 50 * 60;

/** The second bucket of a time in milliseconds. */
export function secondOf(time: number): number {
  return Math.floor(time / 1_000);
}

/** The minute bucket of a time in milliseconds. */
export function minuteOf(time: number): number {
  return Math.floor(time / 60_000);
}

/** How far apart the clocks of a writer and a reader may be, in milliseconds: all that a reader may see is written. */
export const CLOCK_SLACK = 60_000;

/**
 * The oldest buckets that a window can see, by a clock that is up to a minute behind `now` (milliseconds). Windows up to
 * an hour slide to the second: seconds `(now - width, now]`. The 24-hour window slides to the minute, the current one
 * being the newest of 1,440.
 */
export function oldestVisible(now: number): { second: number; minute: number } {
  const reader = now - CLOCK_SLACK;
  return { second: secondOf(reader) - SECONDS_SEEN + 1, minute: minuteOf(reader) - MINUTES_SEEN + 1 };
}

/** The window of a timeframe, or undefined where there is none of that name. */
export function windowOf(timeframe: string): (typeof WINDOWS)[number] | undefined {
  return WINDOWS.find((window) => window.timeframe === timeframe);
}

/**
 * Clicks per impression of the same ad, all time, as a fraction (0.05 is five percent); null where there was no
 * impression. Never corrected: players that report clicks but not impressions show as more than 1.
 */
export function ctr(clicks: number, impressions: number): number | null {
  return impressions === 0 ? null : clicks / impressions;
}

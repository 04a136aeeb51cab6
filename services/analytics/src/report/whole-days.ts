import { DAY_QUARTERS } from '@ads/ledger';
import { cutRange } from './intervals.js';
import type { Range } from './range.js';

const QUARTER_HOUR_MS = 900_000;
const DAY_MS = 86_400_000;
/** Earlier days are read by quarter-hours: to cut a longer range into days takes more than some milliseconds. */
const MOST_DAYS = 3_660;

/**
 * The days of a time zone, of 24 hours each, that end before now and are wholly in one part of a range.
 *
 * @param bounds quarter-hours: the first of each part, ascending, and the one after the last part
 * @param now milliseconds since the epoch
 * @returns the first quarter-hour of each day, ascending
 */
export function wholeDays(range: Range, bounds: readonly number[], tz: string, now: number): number[] {
  const from = Math.max(range.from, Math.floor(now / DAY_MS - MOST_DAYS) * DAY_MS);
  const to = Math.min(range.to, now);
  if (from >= to) return [];
  const cuts = [...(cutRange(from, to, 'day', tz, MOST_DAYS + 2) ?? []).map((part) => part.from), to];
  const starts = cuts.map((time) => time / QUARTER_HOUR_MS);
  let part = 0;
  return starts.filter((start, index) => {
    const end = start + DAY_QUARTERS;
    if (starts[index + 1] !== end || !Number.isInteger(start)) return false;
    while ((bounds[part + 1] ?? end) <= start) part += 1;
    return (bounds[part + 1] ?? start) >= end;
  });
}

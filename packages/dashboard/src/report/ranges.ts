import { addDays, dateIn, daysBetween, firstOfMonth, msOfDayIn, timeIn } from '../format/times.js';

export const RANGES = {
  today: 'Today',
  yesterday: 'Yesterday',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
  month: 'This month',
  last_month: 'Last month',
  custom: 'Custom dates',
} as const;

export type RangeName = keyof typeof RANGES;

/** A range of days. */
export interface Days {
  readonly from: string;
  /** Not included. */
  readonly to: string;
}

/** The parameters `from` and `to` of a report. */
export interface Bounds {
  readonly from: string;
  /** Absent for a range that ends now. */
  readonly to?: string;
}

/** The values from which the bounds of a range follow. */
export interface RangeChoice {
  readonly range: RangeName;
  /** First and last day of `custom`, both included. */
  readonly from: string;
  readonly to: string;
  readonly tz: string;
}

const QUARTER_MS = 900_000;

/** The days of a range. @param now milliseconds since the epoch */
export function daysOf({ range, from, to, tz }: RangeChoice, now: number): Days {
  const today = dateIn(now, tz);
  const tomorrow = addDays(today, 1);
  switch (range) {
    case 'today':
      return { from: today, to: tomorrow };
    case 'yesterday':
      return { from: addDays(today, -1), to: today };
    case '7d':
      return { from: addDays(today, -6), to: tomorrow };
    case '30d':
      return { from: addDays(today, -29), to: tomorrow };
    case '90d':
      return { from: addDays(today, -89), to: tomorrow };
    case 'month':
      return { from: firstOfMonth(today), to: tomorrow };
    case 'last_month':
      return { from: firstOfMonth(today, -1), to: firstOfMonth(today) };
    case 'custom':
      return { from, to: addDays(to, 1) };
  }
}

/** True if the range contains now, so that its numbers still change. */
export function isOpen({ to }: Days, tz: string, now: number): boolean {
  return to > dateIn(now, tz);
}

/** The bounds of a range: days that are over, or the days until now. */
export function boundsOf(days: Days, tz: string, now: number): Bounds {
  return isOpen(days, tz, now) ? { from: days.from } : days;
}

/**
 * The bounds of the period before: as many days, or the month before. If the range ends now, the period before ends at the same
 * time of its last day, so that both are equally long.
 */
export function boundsBefore(range: RangeName, days: Days, tz: string, now: number): Bounds {
  const isMonth = range === 'month' || range === 'last_month';
  const from = isMonth ? firstOfMonth(days.from, -1) : addDays(days.from, -daysBetween(days.from, days.to));
  if (!isOpen(days, tz, now)) return { from, to: days.from };
  const date = addDays(from, daysBetween(days.from, dateIn(now, tz)));
  if (date >= days.from) return { from, to: days.from };
  const time = timeIn(tz, date, msOfDayIn(tz, now));
  return { from, to: new Date(Math.ceil(time / QUARTER_MS) * QUARTER_MS).toISOString() };
}

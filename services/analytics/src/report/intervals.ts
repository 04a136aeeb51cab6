import type { Interval } from '@ads/models';
import { Temporal } from 'temporal-polyfill';

/** A part of the range of a report. Milliseconds since the epoch. */
export interface Part {
  /** The start of the calendar interval, in ISO 8601 with the offset of the zone. */
  readonly time: string;
  /** The first moment that is counted: the start of the interval, or of the range. */
  readonly from: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A calendar in local (wall-clock) time. Times are milliseconds since 1970-01-01T00:00 local time. */
interface Calendar {
  /** Numbers the intervals in order. */
  readonly indexOf: (wall: number) => number;
  readonly startOf: (index: number) => number;
  /**
   * True for minutes, quarter-hours and hours: when the clock is set back, the repeated time has new intervals. False for days
   * and longer intervals: the repeated time belongs to the same interval.
   */
  readonly isFixed: boolean;
}

function ofLength(length: number, first: number, isFixed: boolean): Calendar {
  return {
    indexOf: (wall) => Math.floor((wall - first) / length),
    startOf: (index) => first + index * length,
    isFixed,
  };
}

const CALENDARS: Readonly<Record<Exclude<Interval, 'total'>, Calendar>> = {
  minute: ofLength(MINUTE_MS, 0, true),
  quarter_hour: ofLength(15 * MINUTE_MS, 0, true),
  hour: ofLength(60 * MINUTE_MS, 0, true),
  day: ofLength(DAY_MS, 0, false),
  // 1970-01-05 was a Monday.
  week: ofLength(7 * DAY_MS, 4 * DAY_MS, false),
  month: {
    indexOf(wall) {
      const date = new Date(wall);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    },
    startOf: (index) => Date.UTC(Math.floor(index / 12), index % 12),
    isFixed: false,
  },
};

/**
 * Cuts the range [from, to) into intervals of a time zone. A day is as long as its zone had it: usually 24 hours, shorter or
 * longer when the clock changes (by 30 minutes to 2 hours, in some zones), or missing.
 *
 * The offset of a zone is constant between two transitions, so the calendar is plain arithmetic there: a calendar library takes
 * half a millisecond per day.
 *
 * @param from milliseconds since the epoch
 * @param most the number of intervals after which it returns undefined
 * @returns the parts in order, the first of which begins at `from`; undefined where there are more than `most`
 */
export function cutRange(from: number, to: number, interval: Interval, tz: string, most: number): Part[] | undefined {
  let zone = zoned(from, tz);
  if (interval === 'total') return [{ time: formatMoment(from, tz), from }];
  const { indexOf, startOf, isFixed } = CALENDARS[interval];
  let offset = offsetOf(zone);
  let index = indexOf(from + offset);
  const first = Temporal.Instant.fromEpochMilliseconds(startOf(index)).toZonedDateTimeISO('UTC').toPlainDateTime();
  const parts = [{ time: isFixed ? format(startOf(index), offset) : first.toZonedDateTime(tz).toString(FORMAT), from }];
  for (let since = from; ; ) {
    const change = zone.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
    for (let next = indexOf(since + offset) + 1; ; next += 1) {
      const at = startOf(next) - offset;
      if (at >= Math.min(to, change)) break;
      // A day that begins a second time, after the clock was set back over midnight, has begun already.
      if (next <= index && !isFixed) continue;
      index = next;
      parts.push({ time: format(startOf(next), offset), from: at });
      if (parts.length > most) return undefined;
    }
    if (change >= to) return parts;
    const before = offset;
    since = change;
    zone = zoned(change, tz);
    offset = offsetOf(zone);
    const reached = indexOf(change + offset);
    if (reached > index || (isFixed && offset < before)) {
      parts.push({ time: format(change + offset, offset), from: change });
      if (parts.length > most) return undefined;
    }
    index = isFixed ? reached : Math.max(index, reached);
  }
}

const FORMAT = { timeZoneName: 'never', smallestUnit: 'second' } as const;

function zoned(time: number, tz: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(tz);
}

/** Milliseconds that the clock of the zone is ahead of UTC. */
function offsetOf(time: Temporal.ZonedDateTime): number {
  return time.offsetNanoseconds / 1_000_000;
}

/** A time of a clock on a wall in ISO 8601, with its offset. */
function format(wall: number, offset: number): string {
  const minutes = Math.abs(offset) / MINUTE_MS;
  const [hours, rest] = [Math.floor(minutes / 60), Math.floor(minutes % 60)].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${new Date(wall).toISOString().slice(0, -5)}${offset < 0 ? '-' : '+'}${hours}:${rest}`;
}

/**
 * Reads a date, as its midnight in the zone, or a time with an offset. @returns milliseconds; undefined for anything else
 */
export function readMoment(text: string, tz: string): number | undefined {
  try {
    return /^\d{4}-\d\d-\d\d$/.test(text)
      ? Temporal.PlainDate.from(text).toZonedDateTime(tz).epochMilliseconds
      : Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return undefined;
  }
}

/** @returns a moment (milliseconds since the epoch) in ISO 8601, with the offset of the zone */
export function formatMoment(time: number, tz: string): string {
  return zoned(time, tz).toString(FORMAT);
}

/** True for an IANA time zone that this process knows. */
export function isTimeZone(tz: string): boolean {
  try {
    return zoned(0, tz).timeZoneId !== '' && !/^[+-]/.test(tz);
  } catch {
    return false;
  }
}

/** Midnight of the day that is `days` before the day of a time. */
export function midnightBefore(time: number, days: number, tz: string): number {
  return zoned(time, tz).subtract({ days }).startOfDay().epochMilliseconds;
}

import { invalidFields } from '@ads/contract';
import type { Detail } from '@ads/models';
import { isTimeZone, midnightBefore, readMoment } from './intervals.js';

/** Milliseconds since the epoch. `to` is not included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface RangeOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `from` and `to` must be multiples of it: a minute, a quarter of an hour, or 1 for any time. */
  readonly wholeMs: number;
  /**
   * Returns `from` of a query that has none, for a given `to`. Default: midnight in the time zone, six days before the day of
   * `to`.
   */
  readonly firstBefore?: (to: number) => number;
}

/** Days of a range without `from`, today included. */
const DEFAULT_DAYS = 7;
const MINUTE_MS = 60_000;
/**
 * No event is earlier. Later times would cost more than other requests, because finding each clock change of the range takes 0.1
 * ms. East of Greenwich 1970-01-01 begins before 1970-01-01T00:00Z, so one day more is allowed.
 */
const FIRST = Date.UTC(1969, 11, 31);
const LAST = Date.UTC(2100, 0, 2);

/**
 * Reads the range of a query. A date is its midnight in the time zone.
 *
 * @throws ApiError 400 for an unknown time zone, an invalid time, or `from` that is not before `to`
 */
export function readRange(
  query: { readonly from?: string; readonly to?: string; readonly tz: string },
  { now, wholeMs, firstBefore }: RangeOptions,
): Range {
  const { tz } = query;
  if (!isTimeZone(tz)) {
    throw invalidFields([{ path: 'tz', message: 'tz must be an IANA time zone, such as Europe/Berlin' }]);
  }
  const problems: Detail[] = [];
  const problem = (path: string, message: string): undefined => {
    problems.push({ path, message: `${path} ${message}` });
    return undefined;
  };
  const read = (path: 'from' | 'to'): number | undefined => {
    const text = query[path];
    if (text === undefined) return undefined;
    const time = readMoment(text, tz);
    if (time === undefined) {
      return problem(
        path,
        'must be a date, such as 2026-11-01, or a time with an offset, such as 2026-11-01T06:00:00Z',
      );
    }
    if (time < FIRST || time > LAST) return problem(path, 'must be between 1970 and 2100');
    if (time % wholeMs === 0) return time;
    return problem(path, wholeMs === MINUTE_MS ? 'must be a whole minute' : 'must be a whole quarter of an hour');
  };
  const to = read('to') ?? Math.ceil(now / wholeMs) * wholeMs;
  const from = read('from') ?? firstBefore?.(to) ?? midnightBefore(to - 1, DEFAULT_DAYS - 1, tz);
  if (problems.length === 0 && from >= to) problem('from', 'must be before to');
  if (problems.length > 0) throw invalidFields(problems);
  return { from, to };
}

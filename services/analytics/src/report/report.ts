import { invalidFields, REPORT_ROWS, type ReportQuery, readReportQuery } from '@ads/contract';
import type { Database } from '@ads/ledger';
import {
  type AdLabel,
  type Detail,
  METRIC_NAMES,
  METRICS,
  type MetricName,
  MINUTES_KEPT,
  type ReportCounts,
} from '@ads/models';
import { cutRange, formatMoment, isTimeZone, midnightBefore, type Part, readMoment } from './intervals.js';
import { type Group, MINUTES, QUARTER_HOURS, type ReportRow, readReport } from './read-report.js';

export interface ReportDependencies {
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The body of a report. Rows are in the order of time, then of the groups. */
export interface Report {
  readonly from: string;
  readonly to: string;
  readonly tz: string;
  readonly interval: ReportQuery['interval'];
  readonly group_by: readonly AdLabel[];
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
}

/** Days of a report without `from`, today included. */
const DEFAULT_DAYS = 7;
const MINUTE_MS = 60_000;
/**
 * No event is earlier. Later times would cost more than other requests: each change of the clocks in the range takes 0.1 ms to find.
 * The midnight of 1970 is earlier than UTC's in the east.
 */
const FIRST = Date.UTC(1969, 11, 31);
const LAST = Date.UTC(2100, 0, 2);
const EMPTY: ReportCounts = { clicks: 0, impressions: 0, play_times: 0, play_time_ms: 0 };

/**
 * Answers a query of `GET /api/v1/ads/analytics/report` from the rollups in Postgres. Its cost depends on the range and the
 * number of ads, not on the number of events.
 *
 * @throws ApiError for an invalid query, DependencyUnavailable when Postgres is unavailable
 */
export function createReports({ database, now }: ReportDependencies): (query: string) => Promise<Report> {
  return async (text) => {
    const parsed = readReportQuery(text);
    if (parsed.state === 'invalid') throw invalidFields(parsed.details);
    const { query } = parsed;
    const { tz, interval, group_by } = query;
    const rollup = interval === 'minute' ? MINUTES : QUARTER_HOURS;
    const { from, to } = rangeOf(query, now(), rollup.milliseconds);
    const metrics = metricsOf(query);
    const parts = cutRange(from, to, interval, tz, REPORT_ROWS);
    if (parts === undefined) throw tooManyRows();
    const bounds = [...parts.map((part) => part.from), to].map((time) => Math.floor(time / rollup.milliseconds));
    const sums = await readReport(database, rollup, query, bounds, REPORT_ROWS + 1);
    const rows = fillGaps(sums, parts, group_by);
    if (sums.length > REPORT_ROWS || rows.length > REPORT_ROWS) throw tooManyRows();
    return {
      from: formatMoment(from, tz),
      to: formatMoment(to, tz),
      tz,
      interval,
      group_by,
      rows: rows.map(({ part, group, counts }) => ({
        ...(interval === 'total' ? {} : { time: part.time }),
        ...Object.fromEntries(group_by.map((label) => [label, group[label]])),
        ...Object.fromEntries(metrics.map((name) => [name, METRICS[name].of(counts)])),
      })),
    };
  };
}

/** The range of a query in milliseconds, at whole buckets. @throws ApiError */
function rangeOf(query: ReportQuery, now: number, bucketMs: number): { from: number; to: number } {
  const { tz, interval } = query;
  const problems: Detail[] = [];
  const problem = (path: string, message: string): undefined => {
    problems.push({ path, message: `${path} ${message}` });
    return undefined;
  };
  if (!isTimeZone(tz)) {
    throw invalidFields([{ path: 'tz', message: 'tz must be an IANA time zone, such as Europe/Berlin' }]);
  }
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
    if (time % bucketMs === 0) return time;
    return problem(path, interval === 'minute' ? 'must be a whole minute' : 'must be a whole quarter of an hour');
  };
  const to = read('to') ?? Math.ceil(now / bucketMs) * bucketMs;
  const oldestMinute = (Math.floor(now / MINUTE_MS) - MINUTES_KEPT) * MINUTE_MS;
  const from =
    read('from') ??
    (interval === 'minute'
      ? Math.max(oldestMinute, to - 60 * MINUTE_MS)
      : midnightBefore(to - 1, DEFAULT_DAYS - 1, tz));
  if (problems.length === 0 && from >= to) problem('from', 'must be before to');
  if (problems.length === 0 && interval === 'minute' && from < oldestMinute) {
    problem('from', 'must be in the last 50 hours with interval=minute; use interval=quarter_hour');
  }
  if (problems.length > 0) throw invalidFields(problems);
  return { from, to };
}

/** @throws ApiError */
function metricsOf({ metrics, interval }: ReportQuery): readonly MetricName[] {
  const available = METRIC_NAMES.filter((name) => interval !== 'minute' || METRICS[name].perMinute);
  const missing = metrics?.find((name) => !available.includes(name));
  if (missing === undefined) return metrics ?? available;
  throw invalidFields([
    { path: 'metrics', message: `metrics must be without ${missing} with interval=minute; use interval=quarter_hour` },
  ]);
}

interface Row {
  readonly part: Part;
  readonly group: Group;
  readonly counts: ReportCounts;
}

/** Adds rows of zeros, so that each group has a row in each part. */
function fillGaps(sums: readonly ReportRow[], parts: readonly Part[], groupBy: readonly AdLabel[]): Row[] {
  const keyOf = ({ ad, campaign, advertiser }: Group) => JSON.stringify([ad, campaign, advertiser]);
  const groups = new Map<string, Group>();
  if (groupBy.length === 0) groups.set(keyOf(NO_GROUP), NO_GROUP);
  const found = new Map<string, ReportRow>();
  for (const row of sums) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, row);
    found.set(`${row.part} ${key}`, row);
  }
  if (groups.size * parts.length > REPORT_ROWS) throw tooManyRows();
  const ordered = [...groups].sort(([one], [other]) => (one < other ? -1 : 1));
  return parts.flatMap((part, place) =>
    ordered.map(([key, group]) => ({ part, group, counts: found.get(`${place} ${key}`) ?? EMPTY })),
  );
}

const NO_GROUP: Group = { ad: null, campaign: null, advertiser: null };

function tooManyRows() {
  return invalidFields([
    {
      path: 'interval',
      message: `the report has more than ${REPORT_ROWS} rows; use a shorter range, a longer interval, fewer groups, or a filter`,
    },
  ]);
}

import { invalidFields, REPORT_ROWS, type ReportQuery, readReportQuery } from '@ads/contract';
import type { Database } from '@ads/ledger';
import { type AdLabel, METRIC_NAMES, METRICS, type MetricName, type ReportCounts } from '@ads/models';
import { cutRange, formatMoment, type Part } from './intervals.js';
import { oldestMinute, type Range, readRange } from './range.js';
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

const HOUR_MS = 3_600_000;
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
function rangeOf(query: ReportQuery, now: number, bucketMs: number): Range {
  if (query.interval !== 'minute') return readRange(query, { now, wholeMs: bucketMs });
  const oldest = oldestMinute(now);
  const range = readRange(query, { now, wholeMs: bucketMs, firstBefore: (to) => Math.max(oldest, to - HOUR_MS) });
  if (range.from >= oldest) return range;
  const message = 'from must be in the last 50 hours with interval=minute; use interval=quarter_hour';
  throw invalidFields([{ path: 'from', message }]);
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

import { REPORT_ROWS, type ReportQuery } from '@ads/contract';
import type { Database } from '@ads/ledger';
import type { GroupName } from '@ads/models';
import { isFinal, readFinalUntil } from './final.js';
import { formatMoment, type Part } from './intervals.js';
import { type ReportPlan, tooManyRows } from './plan-report.js';
import { groupColumn, type ReportRow, readReport } from './read-report.js';
import { writeReportCursor } from './report-cursor.js';

export interface ReportDependencies {
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Undefined if events of any age are accepted. */
  readonly maxEventAgeDays?: number | undefined;
}

/** The body of a report. */
export interface Report {
  readonly from: string;
  readonly to: string;
  readonly tz: string;
  readonly interval: ReportQuery['interval'];
  readonly group_by: readonly GroupName[];
  readonly rows: readonly Readonly<Record<string, string | number | boolean | null>>[];
  readonly next_cursor: string | null;
}

/**
 * Reads a report in JSON from the rollups in Postgres. Its cost depends on the range and the number of ads, not on the number of
 * events.
 *
 * @throws ApiError for more than 10,000 rows without a limit, DependencyUnavailable when Postgres is unavailable
 */
export async function wholeReport(
  { database, maxEventAgeDays }: Omit<ReportDependencies, 'now'>,
  plan: ReportPlan,
): Promise<Report> {
  const { query, from, to } = plan;
  const { tz, interval, group_by, limit = REPORT_ROWS } = query;
  const finalUntil = await readFinalUntil(database, maxEventAgeDays);
  const rows = await readReport(database, { ...plan, most: limit + 1 });
  const hasMore = rows.length > limit;
  if (hasMore && query.limit === undefined) throw tooManyRows();
  const page = rows.slice(0, limit);
  const after = page.at(-1);
  return {
    from: formatMoment(from, tz),
    to: formatMoment(to, tz),
    tz,
    interval,
    group_by,
    rows: page.map((row) => fieldsOf(row, plan, finalUntil)),
    next_cursor: hasMore && after !== undefined ? writeReportCursor(query, plan, after) : null,
  };
}

/** A row as the response has it. */
function fieldsOf(row: ReportRow, plan: ReportPlan, finalUntil: number): Report['rows'][number] {
  const { query, parts, metrics } = plan;
  return {
    ...(query.interval === 'total' ? {} : { time: (parts[row.part] as Part).time }),
    ...Object.fromEntries(query.group_by.map((name) => [name, row[groupColumn(name)] || null])),
    ...Object.fromEntries(metrics.map((name) => [name, row[name] ?? null])),
    final: isFinal(plan, row.part, finalUntil),
  };
}

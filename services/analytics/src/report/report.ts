import { REPORT_ROWS, type ReportQuery } from '@ads/contract';
import type { Database } from '@ads/ledger';
import type { GroupName } from '@ads/models';
import { type Cell, objectWriter, recordNumbers } from '../row-formats.js';
import { isFinal, readFinalUntil } from './final.js';
import { formatMoment, type Part } from './intervals.js';
import { type InvalidTraffic, readInvalidTraffic } from './invalid-traffic.js';
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

/** The body of a report in JSON. */
export interface Report {
  readonly from: string;
  readonly to: string;
  readonly tz: string;
  readonly interval: ReportQuery['interval'];
  readonly group_by: readonly GroupName[];
  readonly invalid_traffic: InvalidTraffic;
  readonly rows: readonly Readonly<Record<string, string | number | boolean | null>>[];
  readonly next_cursor: string | null;
}

/**
 * Reads a report from the rollups in Postgres. Its cost depends on the range and the number of ads, not on the number of events.
 *
 * The rows are written as text one by one: objects of thousands of rows with twenty fields cost ten times the time of their text,
 * most of it in the collection of garbage.
 *
 * @returns the text of a {@link Report}
 * @throws ApiError for more than 10,000 rows without a limit, DependencyUnavailable when Postgres is unavailable
 */
export async function wholeReport(
  { database, maxEventAgeDays }: Omit<ReportDependencies, 'now'>,
  plan: ReportPlan,
): Promise<string> {
  const { query, from, to } = plan;
  const { tz, interval, group_by, limit = REPORT_ROWS } = query;
  const [finalUntil, invalid_traffic] = await Promise.all([
    readFinalUntil(database, maxEventAgeDays),
    readInvalidTraffic(database, plan),
  ]);
  const rows = await readReport(database, { ...plan, most: limit + 1 });
  const hasMore = rows.length > limit;
  if (hasMore && query.limit === undefined) throw tooManyRows();
  if (hasMore) rows.pop();
  const after = rows.at(-1);
  const head = { from: formatMoment(from, tz), to: formatMoment(to, tz), tz, interval, group_by, invalid_traffic };
  const cursor = hasMore && after !== undefined ? writeReportCursor(query, plan, after) : null;
  const write = objectWriter(fieldNames(plan));
  const texts = rows.map((row) => write(cellsOf(row, plan, finalUntil)));
  return `${JSON.stringify(head).slice(0, -1)},"rows":[${texts.join()}],"next_cursor":${JSON.stringify(cursor)}}`;
}

/** The names of the fields of a row, in order. */
export function fieldNames({ query, metrics }: Pick<ReportPlan, 'query' | 'metrics'>): readonly string[] {
  return [...(query.interval === 'total' ? [] : ['time']), ...query.group_by, ...metrics, 'final'];
}

/** The values of the fields of a row. */
function cellsOf(row: ReportRow, plan: ReportPlan, finalUntil: number): Cell[] {
  const { query, parts } = plan;
  const cells: Cell[] = query.interval === 'total' ? [] : [(parts[row.part] as Part).time];
  for (const name of query.group_by) cells.push(row[groupColumn(name)] || null);
  cells.push(recordNumbers(row.metrics), isFinal(plan, row.part, finalUntil));
  return cells;
}

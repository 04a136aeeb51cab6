import { type PostgresConfig, readByCursor, type TextRow } from '@ads/connections';
import type { RowFormat } from '@ads/contract';
import type { Metrics } from '@ads/runtime';
import { type Cell, recordNumbers, rowWriter } from '../row-formats.js';
import { isFinal } from './final.js';
import type { Part } from './intervals.js';
import type { ReportPlan } from './plan-report.js';
import { groupColumn, reportStatement, rowColumns } from './read-report.js';
import { fieldNames } from './report.js';

export interface ReportStreamDependencies {
  readonly postgres: PostgresConfig;
  readonly metrics: Metrics;
  /** The longest time of an export. */
  readonly timeoutMs: number;
}

/**
 * Reads a report as text of a format, whatever its number of rows. The order of the rows and their fields are those of JSON.
 *
 * @param finalUntil see `readFinalUntil`
 * @throws DependencyUnavailable when Postgres is unavailable; the iteration throws it too
 */
export async function streamReport(
  { postgres, metrics, timeoutMs }: ReportStreamDependencies,
  plan: ReportPlan,
  format: RowFormat,
  finalUntil: number,
  signal: AbortSignal,
): Promise<AsyncIterable<string>> {
  const [text, values] = reportStatement({ ...plan, most: plan.query.limit ?? null });
  const service = { service: 'analytics', metrics };
  const batches = await readByCursor(postgres, service, {
    operation: 'stream_report',
    text,
    values,
    timeoutMs,
    signal,
  });
  const cellsOf = readerOf(plan, finalUntil);
  const { head, write } = rowWriter(format, fieldNames(plan));
  return (async function* () {
    yield head;
    for await (const rows of batches) yield write(rows.map(cellsOf));
  })();
}

/** Returns a function that reads the fields of a row. */
function readerOf(plan: ReportPlan, finalUntil: number): (row: TextRow) => Cell[] {
  const { query, parts } = plan;
  const read = rowColumns(query.group_by);
  const hasTime = query.interval !== 'total';
  const groups = query.group_by.map((name) => read.indexOf(groupColumn(name)));
  const metricsAt = read.indexOf('metrics');
  const partAt = read.indexOf('part');
  return (row) => {
    const part = Number(row[partAt]);
    const cells: Cell[] = hasTime ? [(parts[part] as Part).time] : [];
    for (const at of groups) cells.push(row[at] || null);
    cells.push(recordNumbers(row[metricsAt] as string), isFinal(plan, part, finalUntil));
    return cells;
  };
}

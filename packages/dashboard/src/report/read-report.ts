import type { Report, ReportRow } from '../api/answers.js';
import { type Query, read } from '../api/client.js';
import type { Refresh } from '../api/use-reading.js';
import type { Choice } from './choice.js';
import { SHOWN_METRIC_NAMES, type Totals, totalsOf } from './metrics.js';
import { type Bounds, boundsBefore, boundsOf, daysOf, isOpen, type RangeChoice } from './ranges.js';

/** Rows of a report without intervals: those with the most clicks. */
const MOST_GROUPS = 1_000;

/** A report of one period. */
export interface Period {
  readonly report: Report;
  readonly totals: Totals;
}

/** A report, and that of the period before if it is wanted. */
export interface Periods {
  readonly now: Period;
  readonly before: Period | undefined;
}

const REFRESH_MS = 30_000;

/** The times at which a report is read again; undefined for a range that is over. */
export function refreshOf(choice: RangeChoice): Refresh | undefined {
  const now = Date.now();
  if (!isOpen(daysOf(choice, now), choice.tz, now)) return undefined;
  return { everyMs: REFRESH_MS, atLeastMs: REFRESH_MS, version: () => undefined };
}

/** @throws ApiProblem */
export async function readPeriods(choice: Choice, signal: AbortSignal): Promise<Periods> {
  const { range, tz, compare } = choice;
  const time = Date.now();
  const days = daysOf(choice, time);
  const [now, before] = await Promise.all([
    readPeriod(choice, boundsOf(days, tz, time), signal),
    compare ? readPeriod(choice, boundsBefore(range, days, tz, time), signal) : undefined,
  ]);
  return { now, before };
}

async function readPeriod(choice: Choice, bounds: Bounds, signal: AbortSignal): Promise<Period> {
  const { interval, group } = choice;
  const query = queryOf(choice, bounds);
  const isTopList = interval === 'total' && group !== '';
  const order = isTopList ? { order: '-clicks', limit: MOST_GROUPS } : {};
  const report = await read<Report>('/ads/analytics/report', { ...query, interval, group_by: group, ...order }, signal);
  if (report.next_cursor === null) return { report, totals: totalsOf(report.rows) };
  const whole = await read<Report>('/ads/analytics/report', { ...query, interval: 'total' }, signal);
  return { report, totals: totalsOf(whole.rows) };
}

function queryOf({ tz, filters }: Choice, { from, to }: Bounds): Query {
  return { from, to, tz, metrics: SHOWN_METRIC_NAMES.join(), ...filters };
}

/** A row with the row of the period before: the one of the same group in the interval of the same number. */
export interface Pair {
  readonly row: ReportRow;
  readonly before: ReportRow | undefined;
}

/** Pairs the rows of two periods, in the order of the present one. */
export function pairRows({ now, before }: Periods, group: Choice['group']): readonly Pair[] {
  const keysOf = ({ report }: Period) => {
    const times = new Map<string, number>();
    return report.rows.map((row) => {
      const { time = '' } = row;
      if (!times.has(time)) times.set(time, times.size);
      return JSON.stringify([times.get(time), group === '' ? null : row[group]]);
    });
  };
  const beforeByKey = new Map(before && keysOf(before).map((key, at) => [key, before.report.rows[at]]));
  return keysOf(now).flatMap((key, at) => {
    const row = now.report.rows[at];
    return row === undefined ? [] : [{ row, before: beforeByKey.get(key) }];
  });
}

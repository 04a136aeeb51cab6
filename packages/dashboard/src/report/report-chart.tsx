import type { GroupName } from '@ads/models';
import { useMemo } from 'preact/hooks';
import type { ReportRow } from '../api/answers.js';
import { SHAPE_OF_INTERVAL, type TimeShape } from '../format/times.js';
import { type Series, TimeChart } from '../parts/time-chart.js';
import type { Choice } from './choice.js';
import { INTERVAL_LABELS, labelOf, metricOf, type ShownMetricName } from './metrics.js';
import type { Periods } from './read-report.js';

/** Maximum number of lines: further colours would look alike. */
const MOST_LINES = 5;

const DAY_MS = 86_400_000;

const AXIS_SHAPES: Readonly<Partial<Record<Choice['interval'], TimeShape>>> = {
  day: 'date',
  week: 'date',
  month: 'month_axis',
};

/** The chosen metric over time, by group or with the period before. */
export function ReportChart({ choice, periods }: { readonly choice: Choice; readonly periods: Periods }) {
  const { interval, group, metric, tz } = choice;
  const { label, format, formatAxis } = metricOf(metric);
  const { times, series } = useMemo(() => {
    const { now, before } = periods;
    const moments = [...new Set(now.report.rows.map(({ time = '' }) => time))];
    const lines =
      group === ''
        ? periodLines(label, metric, now.report.rows, before?.report.rows)
        : groupLines(group, metric, now.report.rows, moments);
    return { times: moments.map((time) => Date.parse(time)), series: lines };
  }, [periods, group, metric]);
  return (
    <div class="card">
      <TimeChart
        title={`${label} by ${INTERVAL_LABELS[interval].toLowerCase()}`}
        times={times}
        series={series}
        zone={tz}
        shape={SHAPE_OF_INTERVAL[interval]}
        axisShape={isOneDay(times) ? 'minute' : (AXIS_SHAPES[interval] ?? SHAPE_OF_INTERVAL[interval])}
        format={format}
        {...(formatAxis === undefined ? {} : { formatAxis })}
      />
    </div>
  );
}

/** True if no two times have the same time of day. */
const isOneDay = (times: readonly number[]) => times.length > 1 && Math.max(...times) - Math.min(...times) < DAY_MS;

type Rows = readonly ReportRow[];

function periodLines(label: string, metric: ShownMetricName, now: Rows, before: Rows | undefined): Series[] {
  const valuesOf = (rows: Rows) => now.map((_, at) => rows[at]?.[metric] ?? null);
  const line = { label, values: valuesOf(now), color: 1 };
  return before === undefined
    ? [line]
    : [line, { label: 'Before', values: valuesOf(before), color: 5, isDashed: true }];
}

function groupLines(group: GroupName, metric: ShownMetricName, rows: Rows, moments: readonly string[]): Series[] {
  const clicks = new Map<string, number>();
  const values = new Map<string, Map<string, number | null>>();
  for (const row of rows) {
    const name = labelOf(row[group]);
    clicks.set(name, (clicks.get(name) ?? 0) + (row.clicks ?? 0));
    const line = values.get(name) ?? new Map<string, number | null>();
    values.set(name, line.set(row.time ?? '', row[metric] ?? null));
  }
  const busiest = [...clicks].toSorted(([, one], [, other]) => other - one).slice(0, MOST_LINES);
  return busiest.map(([name], index) => ({
    label: name,
    values: moments.map((moment) => values.get(name)?.get(moment) ?? null),
    color: index + 1,
  }));
}

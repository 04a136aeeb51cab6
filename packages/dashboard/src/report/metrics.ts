import type { GroupName, Interval, MetricName } from '@ads/models';
import type { ReportRow } from '../api/answers.js';
import { formatCount, formatRate, formatSeconds, formatShortRate, quotient } from '../format/numbers.js';

/** How a metric is shown. */
export interface ShownMetric {
  readonly label: string;
  readonly format: (value: number | null | undefined) => string;
  /** Undefined for counts. */
  readonly formatAxis?: (value: number) => string;
}

const count = (label: string): ShownMetric => ({ label, format: formatCount });
const rate = (label: string): ShownMetric => ({ label, format: formatRate, formatAxis: formatShortRate });

/** The metrics of the page, in the order of their columns. */
export const SHOWN_METRICS = {
  clicks: count('Clicks'),
  impressions: count('Impressions'),
  ctr: rate('CTR'),
  gross_clicks: count('Gross clicks'),
  invalid_clicks: count('Invalid clicks'),
  invalid_click_rate: rate('Invalid share'),
  starts: count('Starts'),
  completes: count('Completes'),
  completion_rate: rate('Completion'),
  skip_rate: rate('Skipped'),
  error_rate: rate('Errors'),
  average_play_time: { label: 'Avg. click time', format: formatSeconds, formatAxis: formatSeconds },
} as const satisfies Partial<Record<MetricName, ShownMetric>>;

export type ShownMetricName = keyof typeof SHOWN_METRICS;
export const SHOWN_METRIC_NAMES = Object.keys(SHOWN_METRICS) as readonly ShownMetricName[];

export const metricOf = (name: ShownMetricName): ShownMetric => SHOWN_METRICS[name];

export const GROUP_LABELS: Readonly<Partial<Record<GroupName, string>>> = {
  ad: 'Ad',
  campaign: 'Campaign',
  advertiser: 'Advertiser',
  placement: 'Placement',
  source: 'Source',
  device: 'Device',
  country: 'Country',
  error_code: 'Error code',
  verdict: 'Verdict',
};

export const INTERVAL_LABELS = {
  quarter_hour: '15 minutes',
  hour: 'Hour',
  day: 'Day',
  week: 'Week',
  month: 'Month',
  total: 'None (one row)',
} as const satisfies Partial<Record<Interval, string>>;

export type ShownInterval = keyof typeof INTERVAL_LABELS;

/** The numbers above a report. */
export interface Totals {
  readonly clicks: number;
  readonly impressions: number;
  readonly starts: number;
  readonly completes: number;
  readonly ctr: number | null;
  readonly completion_rate: number | null;
}

/** Sums rows. Rates are quotients of the sums. */
export function totalsOf(rows: readonly ReportRow[]): Totals {
  const sum = (name: 'clicks' | 'impressions' | 'starts' | 'completes') =>
    rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  const [clicks, impressions, starts, completes] = [sum('clicks'), sum('impressions'), sum('starts'), sum('completes')];
  return {
    ...{ clicks, impressions, starts, completes },
    ctr: quotient(clicks, impressions),
    completion_rate: quotient(completes, starts),
  };
}

/** The value of a label in a row, for people. */
export function labelOf(value: string | null | undefined): string {
  return value ?? '(none)';
}

import { ctr } from './windows.js';

/** How finely a report divides time. */
export const INTERVALS = ['minute', 'quarter_hour', 'hour', 'day', 'week', 'month', 'total'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Labels of ads by which a report can group and filter. */
export const AD_LABELS = ['ad', 'campaign', 'advertiser'] as const;
export type AdLabel = (typeof AD_LABELS)[number];

/** The counts that metrics are made of: columns of the rollups. */
export interface ReportCounts {
  readonly clicks: number;
  readonly impressions: number;
  /** Clicks that report a play time. */
  readonly play_times: number;
  /** The sum of their play times. */
  readonly play_time_ms: number;
}

interface Metric {
  /** Formula and unit, for the API's documentation. */
  readonly description: string;
  /** True where the counts per minute suffice. */
  readonly perMinute: boolean;
  readonly of: (counts: ReportCounts) => number | null;
}

const metrics = {
  clicks: { description: 'Clicks.', perMinute: true, of: ({ clicks }) => clicks },
  impressions: { description: 'Impressions.', perMinute: true, of: ({ impressions }) => impressions },
  ctr: {
    description: '`clicks` divided by `impressions`, so 0.05 is 5 %; null without impressions.',
    perMinute: true,
    of: ({ clicks, impressions }) => ctr(clicks, impressions),
  },
  average_play_time: {
    description: 'Mean `video_play_time` in seconds of the clicks that report one; null without such clicks.',
    perMinute: false,
    of: ({ play_times, play_time_ms }) => (play_times === 0 ? null : play_time_ms / play_times / 1_000),
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The metrics of a report. A rate without a denominator is null. */
export type MetricName = keyof typeof metrics;
export const METRICS: Readonly<Record<MetricName, Metric>> = metrics;
export const METRIC_NAMES = Object.keys(metrics) as readonly MetricName[];

/** How finely a report divides time. */
export const INTERVALS = ['minute', 'quarter_hour', 'hour', 'day', 'week', 'month', 'total'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Labels of ads by which a report can group and filter. */
export const AD_LABELS = ['ad', 'campaign', 'advertiser'] as const;
export type AdLabel = (typeof AD_LABELS)[number];

/** The counts that metrics are made of: columns of the rollups. `play_times` counts the clicks that report a play time. */
export type CountName = 'clicks' | 'impressions' | 'play_times' | 'play_time_ms';

/** A metric is a sum of counts, or a sum of counts divided by another. */
export interface Metric {
  /** Formula and unit, for the API's documentation. */
  readonly description: string;
  /** True if counts per minute suffice for the metric. */
  readonly perMinute: boolean;
  readonly sum: readonly CountName[];
  /** The denominator. The metric is null where it is 0. */
  readonly per?: readonly CountName[];
  /** The quotient is divided by this, to give the unit of the metric. */
  readonly unit?: number;
}

const metrics = {
  clicks: { description: 'Clicks.', perMinute: true, sum: ['clicks'] },
  impressions: { description: 'Impressions.', perMinute: true, sum: ['impressions'] },
  ctr: {
    description: '`clicks` divided by `impressions`, so 0.05 is 5 %; null without impressions.',
    perMinute: true,
    sum: ['clicks'],
    per: ['impressions'],
  },
  average_play_time: {
    description: 'Mean `video_play_time` in seconds of the clicks that report one; null without such clicks.',
    perMinute: false,
    sum: ['play_time_ms'],
    per: ['play_times'],
    unit: 1_000,
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The metrics of a report. A rate without a denominator is null. */
export type MetricName = keyof typeof metrics;
export const METRICS: Readonly<Record<MetricName, Metric>> = metrics;
export const METRIC_NAMES = Object.keys(metrics) as readonly MetricName[];

import type { CountColumn } from './kinds.js';
import { COUNTED_LABELS, labelNumber } from './labels.js';
import { VERDICT_LABEL } from './verdicts.js';

/** How finely a report divides time. */
export const INTERVALS = ['minute', 'quarter_hour', 'hour', 'day', 'week', 'month', 'total'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Labels of ads by which a report can group and filter. */
export const AD_LABELS = ['ad', 'campaign', 'advertiser'] as const;
export type AdLabel = (typeof AD_LABELS)[number];

/** The labels and the verdict: a report groups and filters events by one of them at a time. */
export const EVENT_GROUPS = [...COUNTED_LABELS, 'verdict'] as const;
export type EventGroup = (typeof EVENT_GROUPS)[number];

/** The number of a group in `counts_per_label`. */
export function groupNumber(name: EventGroup): number {
  return name === 'verdict' ? VERDICT_LABEL : labelNumber(name);
}

/** All groups of a report. */
export const GROUPS = [...AD_LABELS, ...EVENT_GROUPS] as const;
export type GroupName = (typeof GROUPS)[number];

/** The counts that metrics are made of: columns of the rollups. `play_times` counts the clicks that report a play time. */
export type CountName = CountColumn | 'play_times' | 'play_time_ms';

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

/** A metric that is one count of the quarter-hours. */
function count<Name extends CountName>(name: Name, description: string) {
  return { description, perMinute: false, sum: [name] } as const;
}

// Names that do not begin with `gross` or `invalid` count valid events only.
const metrics = {
  clicks: { description: 'Valid clicks.', perMinute: true, sum: ['clicks'] },
  impressions: { description: 'Valid impressions.', perMinute: true, sum: ['impressions'] },
  ctr: {
    description: '`clicks` divided by `impressions`, so 0.05 is 5 %; null without impressions.',
    perMinute: true,
    sum: ['clicks'],
    per: ['impressions'],
  },
  starts: count('starts', 'Videos that started (`start`).'),
  first_quartiles: count('first_quartiles', 'Videos that reached a quarter of their duration (`firstQuartile`).'),
  midpoints: count('midpoints', 'Videos that reached half of their duration (`midpoint`).'),
  third_quartiles: count('third_quartiles', 'Videos that reached three quarters of their duration (`thirdQuartile`).'),
  completes: count('completes', 'Videos that were watched to the end (`complete`).'),
  completion_rate: {
    description: '`completes` divided by `starts`; null without starts.',
    perMinute: false,
    sum: ['completes'],
    per: ['starts'],
  },
  skips: count('skips', 'Videos that were skipped (`skip`).'),
  skip_rate: {
    description: '`skips` divided by `starts`; null without starts.',
    perMinute: false,
    sum: ['skips'],
    per: ['starts'],
  },
  viewable_rate: {
    description:
      'Events `viewable` divided by events `viewable` and `notViewable`; null without both. `viewUndetermined` does not count.',
    perMinute: false,
    sum: ['viewables'],
    per: ['viewables', 'not_viewables'],
  },
  errors: count('errors', 'Errors of players (`error`).'),
  error_rate: {
    description: '`errors` divided by the sum of `impressions` and `errors`; null without both.',
    perMinute: false,
    sum: ['errors'],
    per: ['impressions', 'errors'],
  },
  average_play_time: {
    description: 'Mean `video_play_time` in seconds of the clicks that report one; null without such clicks.',
    perMinute: false,
    sum: ['play_time_ms'],
    per: ['play_times'],
    unit: 1_000,
  },
  gross_clicks: {
    description: 'All clicks: the sum of `clicks` and `invalid_clicks`.',
    perMinute: false,
    sum: ['clicks', 'invalid_clicks'],
  },
  gross_impressions: {
    description: 'All impressions: the sum of `impressions` and `invalid_impressions`.',
    perMinute: false,
    sum: ['impressions', 'invalid_impressions'],
  },
  gross_ctr: {
    description: '`gross_clicks` divided by `gross_impressions`; null without impressions.',
    perMinute: false,
    sum: ['clicks', 'invalid_clicks'],
    per: ['impressions', 'invalid_impressions'],
  },
  invalid_clicks: count('invalid_clicks', 'Clicks whose verdict is not `valid`.'),
  invalid_impressions: count('invalid_impressions', 'Impressions whose verdict is not `valid`.'),
  invalid_click_rate: {
    description: '`invalid_clicks` divided by `gross_clicks`; null without clicks.',
    perMinute: false,
    sum: ['invalid_clicks'],
    per: ['clicks', 'invalid_clicks'],
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The metrics of a report. A rate without a denominator is null. */
export type MetricName = keyof typeof metrics;
export const METRICS: Readonly<Record<MetricName, Metric>> = metrics;
export const METRIC_NAMES = Object.keys(metrics) as readonly MetricName[];

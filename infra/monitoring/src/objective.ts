import { REPORTS } from './promql.js';

/*
 * The objective of ingest: over 30 days, 99.9 % of the requests with events are not answered with a 5xx. The rest is the error
 * budget. Alerts compare how fast it burns over two windows: the long one shows that it matters, the short one that it still
 * goes on. A refused prefetch of a click-through link is answered with 503 and is not a failure.
 */

/** The share of the requests with events that may fail. */
export const BUDGET = 0.001;

/** The period of the objective. */
export const BUDGET_DAYS = 30;

/** The metric that contains the share of the requests with events that failed in a window. */
export function failedIn(window: Window): string {
  return `ingest:event_requests_failed:ratio_rate${window}`;
}

export const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];

/** The length of a window such as `30m`. */
export function hoursOf(window: Window): number {
  const hours = { m: 1 / 60, h: 1, d: 24 } as const;
  return Number.parseInt(window, 10) * hours[window.at(-1) as keyof typeof hours];
}

/** Failures at `rate` times what the budget allows, in both windows. */
interface Burn {
  readonly rate: number;
  readonly long: Window;
  readonly short: Window;
}

export interface BurnAlert {
  readonly name: string;
  /** The share of the budget that each burn uses up, for the reader of the rules. */
  readonly comment: string;
  readonly burns: readonly [Burn, Burn];
  readonly lasting: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly failed: string;
}

export const ALERTS: readonly BurnAlert[] = [
  {
    name: 'IngestErrorBudgetBurnsFast',
    comment: '14.4 times the budgeted failures use up 2 % of the budget in an hour, 6 times use up 5 % in six hours.',
    burns: [
      { rate: 14.4, long: '1h', short: '5m' },
      { rate: 6, long: '6h', short: '30m' },
    ],
    lasting: '1m',
    severity: 'critical',
    summary: 'Events are refused',
    failed: 'are answered with a 5xx',
  },
  {
    name: 'IngestErrorBudgetBurnsSlowly',
    comment: '3 times the budgeted failures use up 10 % of the budget in a day, 1 time uses up all of it in 30 days.',
    burns: [
      { rate: 3, long: '1d', short: '2h' },
      { rate: 1, long: '3d', short: '6h' },
    ],
    lasting: '15m',
    severity: 'warning',
    summary: 'More events are refused than the objective allows',
    failed: 'were answered with a 5xx for hours',
  },
];

const DURATION = `      - record: ingest:event_request_duration_seconds:p99_rate5m
        expr: |
          histogram_quantile(0.99, sum by (le) (
            rate(http_request_duration_seconds_bucket{${REPORTS}}[5m])
          )) >= 0
`;

/** The recording rules and alerts of the objective, as a file for Prometheus. */
export function objectiveRules(): string {
  const rules = [...WINDOWS.map(recordingRule), DURATION, ...ALERTS.map(burnAlert)];
  return `# Written by npm run generate, from infra/monitoring/src/objective.ts: change it there.
groups:
  - name: ingest-objective
    rules:
${rules.join('\n')}`;
}

/** The share of the requests with events that failed in a window. */
export function failedExpression(window: string): string {
  const reports = (labels = '') => `sum(rate(http_requests_total{${REPORTS}${labels}}[${window}]))`;
  return `(
  clamp_min(
    ${reports(',status_code=~"5.."')}
      - (sum(rate(tag_prefetches_total{tag="click"}[${window}])) or vector(0)),
    0
  ) or 0 * ${reports()}
) / (${reports()} > 0)`;
}

function recordingRule(window: Window): string {
  return `      - record: ${failedIn(window)}
        expr: |
${failedExpression(window).replaceAll(/^/gm, ' '.repeat(10))}
`;
}

function burnAlert({ name, comment, burns, lasting, severity, summary, failed }: BurnAlert): string {
  const [first, second] = burns.map(({ rate, long, short }) => {
    const limit = rate === 1 ? `${BUDGET}` : `${rate} * ${BUDGET}`;
    return `            ${failedIn(long)} > ${limit}\n              and ${failedIn(short)} > ${limit}`;
  });
  return `      # ${comment}
      - alert: ${name}
        expr: |
          (
${first}
          ) or (
${second}
          )
        for: ${lasting}
        labels:
          severity: ${severity}
        annotations:
          summary: ${summary}
          description: "{{ $value | humanizePercentage }} of the requests with events ${failed}; the objective allows 0.1%."
          runbook_url: infra/monitoring/RUNBOOK.md#${name.toLowerCase()}
`;
}

/** Parts of queries that several panels share. `$service` and `$ad` are variables of the dashboards. */
import { ALL_ENDPOINTS, API_PREFIX } from '@ads/contract/paths';

/** The endpoints that take events, as alternatives of a regular expression. A parameter of a path matches any text. */
const EVENT_PATHS = new Set(
  ALL_ENDPOINTS.filter(({ takesEvents }) => takesEvents).map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+')),
);

/** Label matchers for the requests with events: single events, batches, pixels and click-through links. */
export const REPORTS = `service="ingest",endpoint=~"${API_PREFIX}(${[...EVENT_PATHS].join('|')})"`;

/** Label matcher for the selected services. */
export const PICKED = 'service=~"$service"';

/** The rate per second over an interval that suits the width of the panel. `by`: the labels that are kept. */
export function rate(series: string, by = ''): string {
  const sum = by === '' ? 'sum' : `sum by (${by}) `;
  return `${sum}(rate(${series}[$__rate_interval]))`;
}

/** A quantile of a histogram; no sample, instead of NaN, without observations. */
export function quantile(q: number, bucket: string, by = ''): string {
  return `histogram_quantile(${q}, ${rate(bucket, by === '' ? 'le' : `le, ${by}`)}) >= 0`;
}

/** The queries of a panel with the p50 and the p99 of a histogram. */
export function medianAndTail(bucket: string): Readonly<Record<string, string>> {
  return { p50: quantile(0.5, bucket), p99: quantile(0.99, bucket) };
}

/** Shows `none` for a series that does not exist yet. `label`: the label that the legend shows. */
export function orNone(expr: string, label: string): string {
  return `${expr} or on() label_replace(vector(0), "${label}", "none", "", "")`;
}

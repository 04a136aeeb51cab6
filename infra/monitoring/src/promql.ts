/** Parts of queries that several panels share. `$service` and `$ad` are variables of the dashboards. */

/** Requests that report a click or an impression. */
export const REPORTS = 'service="ingest",endpoint=~"/api/v1/ads/(click|impression)"';

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

/** Parts of queries that several panels share. `$service` and `$ad` are variables of the dashboards. */

/** Requests that report a click or an impression. */
export const REPORTS = 'service="ingest",endpoint=~"/api/v1/ads/(click|impression)"';

/** Processes of the services that were picked. */
export const PICKED = 'service=~"$service"';

/** Per second, over what is right for the width of the panel. `by`: the labels that stay. */
export function rate(series: string, by = ''): string {
  const sum = by === '' ? 'sum' : `sum by (${by}) `;
  return `${sum}(rate(${series}[$__rate_interval]))`;
}

/** A quantile of a histogram; nothing, rather than no number, while nothing happens. */
export function quantile(q: number, bucket: string, by = ''): string {
  return `histogram_quantile(${q}, ${rate(bucket, by === '' ? 'le' : `le, ${by}`)}) >= 0`;
}

/** What is not there because it never happened is shown as none. `label`: the one that the legend shows. */
export function orNone(expr: string, label: string): string {
  return `${expr} or on() label_replace(vector(0), "${label}", "none", "", "")`;
}

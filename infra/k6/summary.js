/**
 * The summary data of k6. It lacks metrics that have no value.
 *
 * @typedef {{ values: Record<string, number>, thresholds?: Record<string, { ok: boolean }> }} Metric
 * @typedef {{ metrics: Record<string, Metric> }} Summary
 */

/**
 * Summarises the outcomes of the requests.
 *
 * @param {Summary} data
 */
export function handleSummary({ metrics }) {
  /** @param {string} name @param {string} value */
  const of = (name, value) => metrics[name]?.values[value] ?? 0;
  /** @param {string} name */
  const count = (name) => of(name, 'count');
  /** @param {string} name */
  const time = (name) => {
    const metric = `http_req_duration{name:${name}}`;
    return `${name.padEnd(10)} p50 ${of(metric, 'med').toFixed(1)}, p99 ${of(metric, 'p(99)').toFixed(1)}, max ${of(metric, 'max').toFixed(1)} ms`;
  };

  const answers = of('failed', 'passes') + of('failed', 'fails');
  const limits = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([rule, { ok }]) => `${ok ? '✔' : '✖'} ${name} ${rule}`),
  );
  const lines = [
    `accepted   ${count('accepted_clicks')} clicks, ${count('accepted_impressions')} impressions; ${count('sent_again')} of them sent again`,
    `limited    ${count('limited')}, events that got 429 at every attempt`,
    `failed     ${of('failed', 'passes')} of ${answers} clicks, impressions and reads`,
    `lost       ${lost(count('lost_clicks'), 'clicks')}, ${lost(count('lost_impressions'), 'impressions')}`,
    `read       ${count('reads')} times`,
    `not sent   ${count('dropped_iterations')} players, because all virtual users were busy`,
    ...['click', 'impression', 'analytics'].map(time),
    // Without answers, most limits hold and mean nothing.
    ...(answers > 0 ? limits : ['✖ no request was answered: the limits were not tested']),
  ];
  return { stdout: `\n${lines.join('\n')}\n` };
}

/**
 * @param {number} number
 * @param {string} what
 */
function lost(number, what) {
  return number < 0 ? `0 ${what} (${-number} more counted than acknowledged)` : `${number} ${what}`;
}

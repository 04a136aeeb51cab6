/**
 * Limits of a run. k6 exits with code 99 if a run exceeds one. They equal the limits of the alerts in infra/monitoring/rules.
 *
 * @param {number} p99 the time in milliseconds within which 99 % of the clicks and impressions are acknowledged
 * @returns {import('k6/options').Options}
 */
export function limits(p99) {
  return {
    thresholds: {
      iterations: ['count>0'],
      dropped_iterations: ['count<=0'],
      lost_clicks: ['count<=0'],
      lost_impressions: ['count<=0'],
      failed: ['rate<0.001'],
      'http_req_duration{name:click}': [`p(99)<${p99}`],
      'http_req_duration{name:impression}': [`p(99)<${p99}`],
      'http_req_duration{name:analytics}': ['p(99)<1000'],
    },
    summaryTrendStats: ['med', 'p(99)', 'max'],
    teardownTimeout: '150s',
  };
}

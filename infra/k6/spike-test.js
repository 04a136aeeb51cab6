import { limits } from './limits.js';
import { duration, rate, virtualUsers } from './settings.js';

export { setup, teardown } from './journal.js';
export { play as default } from './players.js';
export { handleSummary } from './summary.js';

/*
 * Low load that rises to fifty times within five seconds and falls again, as in a break of a live match. `DURATION` is the
 * length of the peak. All requests come from one address: raise RATE_LIMIT_EVENTS_PER_MINUTE if they get 429.
 *
 *   k6 run -e RATE=20 infra/k6/spike-test.js
 */
const quiet = rate(10);
const peak = quiet * 50;

/** @type {import('k6/options').Options} */
export const options = {
  // The peak may slow responses down, so the limit of the p99 is higher than in the load test.
  ...limits(1_000),
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: quiet,
      stages: [
        { duration: '30s', target: quiet },
        { duration: '5s', target: peak },
        { duration: duration('30s'), target: peak },
        { duration: '5s', target: quiet },
        { duration: '30s', target: quiet },
      ],
      ...virtualUsers(peak),
    },
  },
};

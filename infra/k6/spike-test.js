import { limits } from './limits.js';
import { duration, rate, virtualUsers } from './settings.js';

export { setup, teardown } from './journal.js';
export { play as default } from './players.js';
export { handleSummary } from './summary.js';

/*
 * Quiet, then fifty times as much within five seconds, then quiet again: a break in a live match. `DURATION` is that of
 * the peak. All of it comes from one address: see RATE_LIMIT_EVENTS_PER_MINUTE if it is limited.
 *
 *   k6 run -e RATE=20 infra/k6/spike-test.js
 */
const quiet = rate(10);
const peak = quiet * 50;

/** @type {import('k6/options').Options} */
export const options = {
  // A player in a crowd waits a second; the others, less.
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

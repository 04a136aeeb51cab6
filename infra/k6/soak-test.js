import { limits } from './limits.js';
import { duration, rate, virtualUsers } from './settings.js';

export { setup, teardown } from './journal.js';
export { play as default } from './players.js';
export { handleSummary } from './summary.js';

/*
 * Runs for hours at ordinary load, to find faults that need time: leaks, partitions created at midnight, sliding windows.
 *
 *   k6 run -e DURATION=24h infra/k6/soak-test.js
 */
const playersPerSecond = rate(50);

/** @type {import('k6/options').Options} */
export const options = {
  ...limits(250),
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: playersPerSecond,
      duration: duration('4h'),
      ...virtualUsers(playersPerSecond),
    },
  },
};

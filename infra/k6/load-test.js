import { limits } from './limits.js';
import { duration, rate, virtualUsers } from './settings.js';

export { setup, teardown } from './journal.js';
export { play as default } from './players.js';
export { handleSummary } from './summary.js';

/*
 * Starts a constant number of players per second, even if responses are slow.
 *
 *   k6 run -e RATE=200 -e DURATION=5m infra/k6/load-test.js
 */
const playersPerSecond = rate(100);

/** @type {import('k6/options').Options} */
export const options = {
  ...limits(250),
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: playersPerSecond,
      duration: duration('1m'),
      ...virtualUsers(playersPerSecond),
    },
  },
};

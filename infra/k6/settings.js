/*
 * Settings of a run: `k6 run -e NAME=value`.
 */

/** The address of the API. */
export const BASE_URL = __ENV.BASE_URL ?? 'http://localhost:8080';

/** The headers of reads: with `READ_ACCESS=key`, a key with the scope `read`. */
export const READ_HEADERS = __ENV.API_KEY === undefined ? {} : { Authorization: `Bearer ${__ENV.API_KEY}` };

/** The ids of the ads to show; by default the first ads of the catalogue. */
export const AD_IDS = __ENV.AD_IDS === undefined ? undefined : __ENV.AD_IDS.split(',');

/**
 * The number of players that start per second.
 *
 * @param {number} usual
 */
export function rate(usual) {
  const value = Number(__ENV.RATE ?? usual);
  if (!Number.isInteger(value) || value < 1) throw new Error('RATE must be a whole number of players per second.');
  return value;
}

/**
 * The duration of the run, such as `90s` or `4h`.
 *
 * @param {string} usual
 */
export function duration(usual) {
  return __ENV.DURATION ?? usual;
}

/**
 * The number of virtual users. Each runs one player at a time, so they suffice while a player takes less than a second. All are
 * made before the run: k6 is too slow to make hundreds of them during a spike. A player without a virtual user is not sent, and
 * the run fails.
 *
 * @param {number} playersPerSecond
 */
export function virtualUsers(playersPerSecond) {
  return { preAllocatedVUs: playersPerSecond, maxVUs: playersPerSecond };
}

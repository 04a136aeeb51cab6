/*
 * What a run can be told, by `k6 run -e NAME=value`.
 */

/** Where the API is. */
export const BASE_URL = __ENV.BASE_URL ?? 'http://localhost:8080';

/** The ads that are shown; unless told, the first that there are. */
export const AD_IDS = __ENV.AD_IDS === undefined ? undefined : __ENV.AD_IDS.split(',');

/**
 * Players that begin in a second.
 *
 * @param {number} usual
 */
export function rate(usual) {
  const value = Number(__ENV.RATE ?? usual);
  if (!Number.isInteger(value) || value < 1) throw new Error('RATE must be a whole number of players per second.');
  return value;
}

/**
 * How long, such as `90s` or `4h`.
 *
 * @param {string} usual
 */
export function duration(usual) {
  return __ENV.DURATION ?? usual;
}

/**
 * How many virtual users it takes: each serves one player at a time, and is done in a quarter of a second unless the
 * answers are slow. k6 says "not sent" of those for whom there was none.
 *
 * @param {number} playersPerSecond
 */
export function virtualUsers(playersPerSecond) {
  return { preAllocatedVUs: Math.ceil(playersPerSecond / 4), maxVUs: playersPerSecond * 2 };
}

/*
 * Settings of a run: `k6 run -e NAME=value`.
 */

/** The address of the API. */
export const BASE_URL = __ENV.BASE_URL ?? 'http://localhost:8080';

/** The ads that are shown; by default the first ones of the catalogue. */
export const AD_IDS = __ENV.AD_IDS === undefined ? undefined : __ENV.AD_IDS.split(',');

/**
 * Players that start per second.
 *
 * @param {number} usual
 */
export function rate(usual) {
  const value = Number(__ENV.RATE ?? usual);
  if (!Number.isInteger(value) || value < 1) throw new Error('RATE must be a whole number of players per second.');
  return value;
}

/**
 * Duration, such as `90s` or `4h`.
 *
 * @param {string} usual
 */
export function duration(usual) {
  return __ENV.DURATION ?? usual;
}

/**
 * Number of virtual users: each serves one player at a time, in 250 ms unless responses are slow. The summary reports players
 * without a virtual user as "not sent".
 *
 * @param {number} playersPerSecond
 */
export function virtualUsers(playersPerSecond) {
  return { preAllocatedVUs: Math.ceil(playersPerSecond / 4), maxVUs: playersPerSecond * 2 };
}

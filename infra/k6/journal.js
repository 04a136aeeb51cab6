import { fail, sleep } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { AD_IDS, BASE_URL, READ_HEADERS } from './settings.js';

/*
 * Compares the acknowledged events with the counts of analytics. Virtual users share only metrics, and `teardown` can't
 * read metrics. So each acknowledgement increases `lost`, and the end of the run decreases it by the growth of the counts:
 * what remains in `lost` is the number of lost events. It is negative if other clients also sent events, or if a response did not
 * arrive.
 */
export const journal = {
  click: { accepted: new Counter('accepted_clicks'), lost: new Counter('lost_clicks') },
  impression: { accepted: new Counter('accepted_impressions'), lost: new Counter('lost_impressions') },
};

/** Analytics has caught up when its counts stay the same for this time. */
const SETTLED_SECONDS = 10;
/** The maximum wait, because other traffic may change the counts forever. `teardownTimeout` must be longer. */
const LONGEST_WAIT_SECONDS = 90;
/** The number of ads: enough to spread the load, but few enough to read each of them every second. */
const MOST_ADS = 20;
const TRIES = 5;

/** @typedef {{ click: number, impression: number }} Totals */

/** Runs before the first player. Returns the ads and their counts so far. */
export function setup() {
  const adIds = AD_IDS ?? allAds();
  if (adIds.length === 0) fail(`The catalogue at ${BASE_URL} has no ads: add ads first.`);
  return { adIds, before: readTotals(adIds) };
}

/**
 * Runs after the last player. Waits until the counts are stable, and decreases `lost` by their growth.
 *
 * @param {ReturnType<typeof setup>} setup
 */
export function teardown({ adIds, before }) {
  const after = settledTotals(adIds);
  journal.click.lost.add(before.click - after.click);
  journal.impression.lost.add(before.impression - after.impression);
}

/** @param {string[]} adIds */
function settledTotals(adIds) {
  let totals = readTotals(adIds);
  for (let waited = 0, still = 0; still < SETTLED_SECONDS && waited < LONGEST_WAIT_SECONDS; waited += 1) {
    sleep(1);
    const now = readTotals(adIds);
    still = now.click === totals.click && now.impression === totals.impression ? still + 1 : 0;
    totals = now;
  }
  return totals;
}

/**
 * @param {string[]} adIds
 * @returns {Totals}
 */
function readTotals(adIds) {
  const answers = adIds.map((adId) => readJson(`/api/v1/ads/analytics?ad_id=${encodeURIComponent(adId)}`));
  return {
    click: answers.reduce((sum, answer) => sum + answer.total_clicks, 0),
    impression: answers.reduce((sum, answer) => sum + answer.impressions, 0),
  };
}

/** @returns {string[]} */
function allAds() {
  /** @type {{ id: string }[]} */
  const ads = readJson('/api/v1/ads').ads;
  return ads.slice(0, MOST_ADS).map(({ id }) => id);
}

/** @param {string} path */
function readJson(path) {
  let status = 0;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const response = http.get(`${BASE_URL}${path}`, { headers: READ_HEADERS, tags: { name: 'journal' } });
    if (response.status === 200) return JSON.parse(String(response.body));
    status = response.status;
    sleep(1);
  }
  fail(`GET ${BASE_URL}${path} returned ${status}.`);
}

import { sleep } from 'k6';
import http from 'k6/http';
import { Counter, Rate } from 'k6/metrics';
import { journal } from './journal.js';
import { BASE_URL, READ_HEADERS } from './settings.js';
import { uuidv7 } from './uuid.js';

/*
 * One player: shows an ad, and reports a click of its viewer with some probability. Sometimes an analyst reads the counts.
 */

const CLICKS = 0.25;
const READS = 0.05;
/** The share of acknowledged events that are sent again, as by a player that did not receive the response. */
const SENT_AGAIN = 0.1;
/** The maximum number of attempts to send an event, all with the same id. */
const TRIES = 5;
const PAUSE_SECONDS = 1;
const TIMEFRAMES = ['1m', '5m', '15m', '1h', '24h'];
/** The expected statuses. A 503 may occur too, but it counts as a failure. */
const answered = http.expectedStatuses(200, 202, 429);

const again = new Counter('sent_again');
const limited = new Counter('limited');
const reads = new Counter('reads');
const failed = new Rate('failed');

/** @typedef {'click' | 'impression'} Kind */

/**
 * Runs one player from start to end.
 *
 * @param {{ adIds: string[] }} setup
 */
export function play({ adIds }) {
  const adId = pick(adIds);
  deliver('impression', { ad_id: adId, impression_id: uuidv7(Date.now()) });
  if (Math.random() < CLICKS) {
    const played = Math.random() * 60;
    deliver('click', { ad_id: adId, click_id: uuidv7(Date.now()), video_play_time: played });
  }
  if (Math.random() < READS) read(adId);
}

/**
 * @param {Kind} kind
 * @param {object} event
 */
function deliver(kind, event) {
  const status = send(kind, event);
  failed.add(status !== 202 && status !== 429);
  if (status === 429) limited.add(1);
  if (status !== 202) return;
  journal[kind].accepted.add(1);
  journal[kind].lost.add(1);
  if (Math.random() >= SENT_AGAIN) return;
  again.add(1);
  send(kind, event);
}

/**
 * Sends an event until it is acknowledged or refused with a 4xx, or all attempts have failed.
 *
 * @param {Kind} kind
 * @param {object} event
 */
function send(kind, event) {
  const body = JSON.stringify(event);
  const headers = { 'Content-Type': 'application/json' };
  for (let tries = 1; ; tries += 1) {
    const { status } = http.post(`${BASE_URL}/api/v1/ads/${kind}`, body, {
      headers,
      tags: { name: kind },
      responseCallback: answered,
    });
    // Status 0: the connection broke or the request timed out.
    const worthRepeating = status === 0 || status === 429 || status >= 500;
    if (!worthRepeating || tries === TRIES) return status;
    sleep(PAUSE_SECONDS * (0.5 + Math.random()));
  }
}

/** @param {string} adId */
function read(adId) {
  const timeframe = pick(TIMEFRAMES);
  const query =
    Math.random() < 0.5 ? `ad_id=${encodeURIComponent(adId)}&timeframe=${timeframe}` : `timeframe=${timeframe}`;
  const { status } = http.get(`${BASE_URL}/api/v1/ads/analytics?${query}`, {
    headers: READ_HEADERS,
    tags: { name: 'analytics' },
    responseCallback: answered,
  });
  reads.add(1);
  failed.add(status !== 200 && status !== 429);
  if (status === 429) limited.add(1);
}

/**
 * @param {string[]} list
 * @returns {string}
 */
function pick(list) {
  return list[Math.floor(Math.random() * list.length)] ?? '';
}

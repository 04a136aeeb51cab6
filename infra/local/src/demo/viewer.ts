import { randomInt, randomUUID } from 'node:crypto';
import type { DemoAd } from './ads.js';

/** An event in the form of `POST /ads/events`. */
export interface DemoEvent {
  readonly kind: string;
  readonly ad_id: string;
  readonly timestamp: string;
  readonly session_id: string;
  readonly ip: string;
  readonly user_agent: string;
  readonly placement: string;
  readonly video_play_time?: number;
}

/** The steps of a video: the kind, the part of the video before it, and the share of viewers that reach it from the one before. */
const STEPS = [
  ['impression', 0, 1],
  ['start', 0, 0.97],
  ['firstQuartile', 0.25, 0.86],
  ['midpoint', 0.5, 0.9],
  ['thirdQuartile', 0.75, 0.92],
  ['complete', 1, 0.94],
] as const;

const USER_AGENTS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/7.0 TV Safari/537.36',
];
const PLACEMENTS = ['home', 'article', 'before-the-film'];

/** Returns the events of one viewer who begins to watch at `at`, in milliseconds since the epoch, in order of time. */
export function watch(ad: DemoAd, at: number): DemoEvent[] {
  const viewer = {
    ad_id: ad.id,
    session_id: randomUUID(),
    // RFC 2544 reserves these addresses for tests.
    ip: `198.${18 + randomInt(2)}.${randomInt(256)}.${1 + randomInt(254)}`,
    user_agent: oneOf(USER_AGENTS),
    placement: oneOf(PLACEMENTS),
  };
  const timeAt = (part: number) => new Date(at + part * ad.durationSeconds * 1_000).toISOString();
  const events: DemoEvent[] = [];
  let watched = 0;
  for (const [kind, part, share] of STEPS) {
    if (Math.random() >= share) break;
    watched = part;
    events.push({ ...viewer, kind, timestamp: timeAt(part) });
  }
  if (Math.random() < ad.clickRate) {
    const part = Math.random() * watched;
    const play = Number((part * ad.durationSeconds).toFixed(3));
    events.push({ ...viewer, kind: 'click', timestamp: timeAt(part), video_play_time: play });
  }
  return events.sort((one, other) => one.timestamp.localeCompare(other.timestamp));
}

function oneOf<T>(values: readonly T[]): T {
  return values[randomInt(values.length)] as T;
}

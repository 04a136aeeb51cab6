import { expect, test } from '@jest/globals';
import type { LiveState } from '../src/api/answers.js';
import { interrupt, NOTHING_WATCHED, SECONDS_SHOWN, secondsUntil, type Watched, watch } from '../src/now/seconds.js';

/** A state half a second after the end of a second. */
function state(
  second: number,
  clicks: number,
  impressions: number,
  lastSecond = { clicks: 0, impressions: 0 },
): LiveState {
  const counts = { total_clicks: clicks, impressions, last_second: lastSecond };
  return {
    time: new Date(1_000 * (second + 1) + 500).toISOString(),
    source: 'redis',
    all: { ...counts, total_ads: 1 },
    ads: [{ ...counts, ad_id: 'ad-001' }],
  };
}

const watchAll = (states: readonly LiveState[]) => states.reduce<Watched>(watch, NOTHING_WATCHED);

test('the seconds add up to the change of the totals, also for events that were counted late', () => {
  const { seconds } = watchAll([
    state(100, 50, 500, { clicks: 2, impressions: 3 }),
    state(101, 53, 500, { clicks: 1, impressions: 0 }),
    state(104, 60, 501),
  ]);
  expect(seconds).toEqual([
    { at: 100, clicks: 2, impressions: 3 },
    { at: 101, clicks: 3, impressions: 0 },
    { at: 102, clicks: 0, impressions: 0 },
    { at: 103, clicks: 0, impressions: 0 },
    { at: 104, clicks: 7, impressions: 1 },
  ]);
});

test('an ad that is new since the last state is shown with all its events', () => {
  const first = state(100, 1, 1);
  const second = state(103, 4, 6);
  const ads = [
    ...first.ads,
    { ad_id: 'new', total_clicks: 3, impressions: 5, last_second: { clicks: 0, impressions: 0 } },
  ];
  const { arrivals } = watchAll([first, { ...second, ads }]);
  expect(arrivals).toEqual([{ at: 103, adId: 'new', clicks: 3, impressions: 5 }]);
});

test('two states of one second are one second', () => {
  expect(watchAll([state(9, 1, 0), state(9, 3, 0), state(9, 4, 0)]).seconds).toEqual([
    { at: 9, clicks: 3, impressions: 0 },
  ]);
});

test('a pause of a day costs no more than what is shown', () => {
  const { seconds } = watchAll([state(0, 1, 0), state(86_400, 2, 0)]);
  expect(seconds).toHaveLength(SECONDS_SHOWN);
  expect(seconds.at(-1)).toEqual({ at: 86_400, clicks: 1, impressions: 0 });
});

test('after an interruption no missed event is shown as if it had just happened', () => {
  const before = watchAll([state(10, 5, 5), state(11, 6, 5)]);
  const { seconds, arrivals } = watch(interrupt(before), state(90, 1_000, 5, { clicks: 1, impressions: 0 }));
  expect(seconds).toEqual([{ at: 90, clicks: 1, impressions: 0 }]);
  expect(arrivals.map(({ at, clicks }) => [at, clicks])).toEqual([
    [90, 1],
    [11, 1],
  ]);
});

test('seconds without a state had no events', () => {
  const watched = watchAll([state(10, 5, 5)]);
  expect(secondsUntil(watched, 12).map(({ at, clicks }) => [at, clicks])).toEqual([
    [10, 0],
    [11, 0],
    [12, 0],
  ]);
  expect(secondsUntil(watched, 3)).toBe(watched.seconds);
  expect(secondsUntil(NOTHING_WATCHED, 12)).toEqual([]);
});

import { expect, test } from '@jest/globals';
import { funnelOf } from '../src/ad/funnel.js';
import { binsOf } from '../src/ad/play-time.js';

test('the steps of the funnel are parts of the started videos, and their bars fit', () => {
  const row = { final: false, impressions: 50, starts: 40, first_quartiles: 80, midpoints: 20, third_quartiles: 10 };
  expect(funnelOf(row).map(({ count, ofStarts, length }) => [count, ofStarts, length])).toEqual([
    [50, null, 0.625],
    [40, 1, 0.5],
    // Players may report more of a later step.
    [80, 2, 1],
    [20, 0.5, 0.25],
    [10, 0.25, 0.125],
    [0, 0, 0],
  ]);
  expect(funnelOf({ final: true }).map(({ ofStarts, length }) => [ofStarts, length])).toEqual(Array(6).fill([null, 0]));
});

test('a short video has a bin for each second, and a day has 60', () => {
  expect(binsOf([])).toEqual([]);
  expect(binsOf([{ second: 2, clicks: 5 }]).map(({ clicks }) => clicks)).toEqual([0, 0, 5]);
  const bins = binsOf([
    { second: 0, clicks: 1 },
    { second: 1_439, clicks: 2 },
    { second: 1_440, clicks: 4 },
    { second: 86_399, clicks: 8 },
  ]);
  expect(bins).toHaveLength(60);
  expect([bins[0], bins[1], bins[59]]).toEqual([
    { from: 0, to: 1_440, clicks: 3 },
    { from: 1_440, to: 2_880, clicks: 4 },
    { from: 84_960, to: 86_400, clicks: 8 },
  ]);
});

import { expect, test } from '@jest/globals';
import { diagnosedRange } from '../src/ad/diagnostics.js';
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

test('problems are looked for in the last seven days of a range, by the clock of the chosen zone', () => {
  const choice = { range: 'custom', from: '2026-10-19', to: '2026-10-25', tz: 'Europe/Berlin' } as const;
  const now = Date.UTC(2026, 10, 27, 20, 7);
  // The clocks are set back in this week, so it is an hour longer than seven days.
  expect(diagnosedRange(choice, now)).toEqual({
    from: '2026-10-18T23:00:00.000Z',
    to: '2026-10-25T23:00:00.000Z',
    isCut: true,
  });
  expect(diagnosedRange({ ...choice, from: '2026-10-20' }, now)).toMatchObject({ isCut: false });
  const open = { ...choice, range: '30d', tz: 'UTC' } as const;
  expect(diagnosedRange(open, now)).toEqual({ from: '2026-11-20T20:30:00.000Z', isCut: true });
});

import { perColumn } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { type Counters, toWindows } from '../src/counters.js';
import { createMonotonicReadGuard } from '../src/monotonic-read-guard.js';

const NOW = Date.UTC(2026, 10, 22);

function counters(clicks: number, impressions = 0, adId = 'ad-001'): Counters {
  const windows = perColumn(() => toWindows([0, 0, 0, 0, 0]));
  return { adId, clicks, impressions, lastSecond: { clicks: 0, impressions: 0 }, windows };
}

describe('an answer from Postgres', () => {
  it('is the minimum of later answers from Redis, in clicks and in impressions', () => {
    const guard = createMonotonicReadGuard();
    guard.remember([counters(10, 5)], NOW);
    expect(guard.admits([counters(10, 5)], NOW)).toBe(true);
    expect(guard.admits([counters(9, 5)], NOW)).toBe(false);
    expect(guard.admits([counters(10, 4)], NOW)).toBe(false);
    expect(guard.admits([counters(1, 0, 'ad-002'), counters(11, 6)], NOW)).toBe(true);
    expect(guard.admits([counters(1, 0, 'ad-002'), counters(9, 6)], NOW)).toBe(false);
  });

  it('is dropped after 10 s, even if the clock was set back', () => {
    const guard = createMonotonicReadGuard();
    guard.remember([counters(10)], NOW);
    expect(guard.admits([counters(9)], NOW + 10_000)).toBe(false);
    expect(guard.admits([counters(9)], NOW + 10_001)).toBe(true);
    guard.remember([counters(10)], NOW);
    expect(guard.admits([counters(9)], NOW - 10_001)).toBe(true);
  });
});

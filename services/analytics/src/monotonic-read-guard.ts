import type { Counters } from './counters.js';

/**
 * Keeps answers monotonic across stores: no answer from Redis is below a recent one from Postgres.
 *
 * Postgres shows a batch after its commit, and Redis after its raise, which is later. Without the guard, a total could decrease
 * when answers switch from Postgres to Redis in between.
 */
export interface MonotonicReadGuard {
  /** Remembers counters that were answered from Postgres. `now` is monotonic, in milliseconds. */
  remember(counters: readonly Counters[], now: number): void;
  /** True if none of these counters from Redis is below a counter that was answered in the last 10 s. */
  admits(counters: readonly Counters[], now: number): boolean;
}

interface Floor {
  readonly clicks: number;
  readonly impressions: number;
  readonly at: number;
}

/** Far longer than a raise takes. For a counter that was not raised by then, a doubt exists in Postgres. */
const KEPT_MS = 10_000;

/**
 * The minimum of an ad is the last answer from Postgres, even if it is lower than the previous one: after a restore, lower
 * answers are right. Redis is then refused once, and the answer of Postgres becomes the new minimum.
 *
 * Minimums are in two maps. The older map is dropped when the newer one reaches the maximum age, which limits memory while
 * Redis is unavailable and a client pages through a million ads.
 */
export function createMonotonicReadGuard(): MonotonicReadGuard {
  let newer = new Map<string, Floor>();
  let older = new Map<string, Floor>();
  let newerSince = Number.NEGATIVE_INFINITY;

  function age(now: number): void {
    const since = Math.abs(now - newerSince);
    if (since <= KEPT_MS) return;
    older = since <= 2 * KEPT_MS ? newer : new Map();
    newer = new Map();
    newerSince = now;
  }

  return {
    remember(counters, now) {
      age(now);
      for (const { adId, clicks, impressions } of counters) newer.set(adId, { clicks, impressions, at: now });
    },
    admits(counters, now) {
      age(now);
      for (const { adId, clicks, impressions } of counters) {
        const floor = newer.get(adId) ?? older.get(adId);
        if (floor === undefined || Math.abs(now - floor.at) > KEPT_MS) continue;
        if (clicks < floor.clicks || impressions < floor.impressions) return false;
      }
      return true;
    },
  };
}

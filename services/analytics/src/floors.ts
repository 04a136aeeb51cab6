import type { Counters } from './counters.js';

/** Remembers what was answered from Postgres, so that an answer from Redis never goes back behind it. */
export interface Floors {
  /** These were answered from Postgres. */
  raise(counters: readonly Counters[], now: number): void;
  /** True where none of these is below what was answered before. */
  hold(counters: readonly Counters[], now: number): boolean;
}

interface Floor {
  readonly clicks: number;
  readonly impressions: number;
  readonly at: number;
}

/** Far longer than a raise takes: what is still missing in Redis then has a doubt in Postgres. */
const KEPT_MS = 10_000;

/**
 * Postgres shows a batch at its commit, Redis a raise later. Where answers change from one to the other in between, a
 * total would go down for a moment.
 *
 * A floor is what Postgres said last, also where that is less than before: after a restore, lower answers are right. Redis is
 * then refused once, Postgres answers, and its answer is the new floor.
 *
 * Two maps, the older of which is dropped when the newer one is as old as a floor may be: while Redis is unavailable,
 * somebody may page through a million ads.
 */
export function createFloors(): Floors {
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
    raise(counters, now) {
      age(now);
      for (const { adId, clicks, impressions } of counters) newer.set(adId, { clicks, impressions, at: now });
    },
    hold(counters, now) {
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

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
 */
export function createFloors(): Floors {
  const floors = new Map<string, Floor>();
  return {
    raise(counters, now) {
      for (const { adId, clicks, impressions } of counters) floors.set(adId, { clicks, impressions, at: now });
    },
    hold(counters, now) {
      for (const { adId, clicks, impressions } of counters) {
        const floor = floors.get(adId);
        if (floor === undefined) continue;
        if (Math.abs(now - floor.at) > KEPT_MS) floors.delete(adId);
        else if (clicks < floor.clicks || impressions < floor.impressions) return false;
      }
      return true;
    },
  };
}

import { CLOCK_SLACK } from '@ads/models';

/**
 * Detects a clock that was set back by more than a minute. Windows then include buckets that were too old to be raised before,
 * so Redis lacks them.
 *
 * @param now milliseconds since the epoch
 * @returns true once each time the clock was set back
 */
export function createSetBackWatch(now: () => number): () => boolean {
  let latest = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    const isSetBack = time < latest - CLOCK_SLACK;
    latest = isSetBack ? time : Math.max(latest, time);
    return isSetBack;
  };
}

import { CLOCK_SLACK } from '@ads/models';

/**
 * Notices a clock that was set back by more than windows allow for. Buckets that were too old to be raised by the former
 * time are then visible again, and Redis has not got them.
 *
 * @param now milliseconds since the epoch
 * @returns true once for each time that it was set back
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

/*
 * The counters in Redis. Every key of one ad has the ad as its hash tag, so that a Redis Cluster keeps them on one
 * node and one script can read or raise them together.
 */

const SECONDS_PER_HOUR = 3_600;
const MINUTES_PER_DAY = 1_440;

/** A hash with the fields `clicks` and `impressions`, all time. Has no expiry. */
export function totalsKey(adId: string): string {
  return `ad:{${adId}}:totals`;
}

/** A hash of clicks by second (field: Unix second), one key per hour. */
export function secondsKey(adId: string, second: number): string {
  return `ad:{${adId}}:s:${Math.floor(second / SECONDS_PER_HOUR)}`;
}

/** A hash of clicks by minute (field: Unix minute), one key per day. */
export function minutesKey(adId: string, minute: number): string {
  return `ad:{${adId}}:m:${Math.floor(minute / MINUTES_PER_DAY)}`;
}

/*
 * Expiry counts from the last write, so it needs no agreement between this clock and that of Redis. The first write
 * of a key may be minutes ahead of its hour (a player's clock), the last window looks at it an hour after its end.
 */
export const SECONDS_KEY_TTL = 3 * SECONDS_PER_HOUR;
export const MINUTES_KEY_TTL = 50 * SECONDS_PER_HOUR;

/*
 * The marks by which counters are believed or not. Each server has marks of its own, so that what happens to it happens to
 * them: where there is one, their hash tag is this stem; in a cluster, one that begins with it and leads to that server.
 */
export const MARKS_STEM = 'counters';

/** Set only by a finished rebuild, to `<life of the Redis server>:<token>`. Without it no counter is believed. */
export function epochKey(tag: string): string {
  return `{${tag}}:epoch`;
}

/** The token of the rebuild that is under way. A FLUSHALL in the middle takes it away, and the rebuild fails. */
export function rebuildKey(tag: string): string {
  return `{${tag}}:rebuild`;
}

/** Both of a Redis that is one server. */
export const EPOCH_KEY = epochKey(MARKS_STEM);
export const REBUILD_KEY = rebuildKey(MARKS_STEM);

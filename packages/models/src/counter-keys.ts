/*
 * The counters in Redis. Every key of one ad has the ad as its hash tag, so that a Redis Cluster keeps them on one
 * node and one script can read or raise them together.
 *
 * Buckets are packed, as many to a field as fill the next larger unit: an answer then reads some thirty fields, and not
 * two thousand, and a counter takes a byte or two, and not eighty. See `packed-counts.ts`.
 */

/** Buckets in one field: the seconds of a minute, or the minutes of an hour. */
export const BUCKETS_PER_FIELD = 60;

const SECONDS_PER_HOUR = 3_600;
const MINUTES_PER_DAY = 1_440;

/** A hash with the fields `clicks` and `impressions`, all time. Has no expiry. */
export function totalsKey(adId: string): string {
  return `ad:{${adId}}:totals`;
}

/** A hash of clicks by second, packed by minute (field: Unix minute), one key per hour. */
export function secondsKey(adId: string, second: number): string {
  return `ad:{${adId}}:clicks-by-second:${Math.floor(second / SECONDS_PER_HOUR)}`;
}

/** A hash of clicks by minute, packed by hour (field: Unix hour), one key per day. */
export function minutesKey(adId: string, minute: number): string {
  return `ad:{${adId}}:clicks-by-minute:${Math.floor(minute / MINUTES_PER_DAY)}`;
}

/*
 * Expiry counts from when the newest field of a key was made, so it needs no agreement between this clock and that of
 * Redis. A field may be made an hour ahead of its time (a player's clock, with the greatest skew that can be set), and the
 * last window looks at it an hour, or a day, after its end.
 */
export const SECONDS_KEY_TTL = 3 * SECONDS_PER_HOUR;
export const MINUTES_KEY_TTL = 50 * SECONDS_PER_HOUR;

/*
 * The marks by which counters are believed or not. Each server has marks of its own, so that what happens to it happens to
 * them: where there is one, their hash tag is this stem; in a cluster, one that begins with it and leads to that server.
 *
 * They are marks of counters that are laid out as above. Whoever changes that gives other names to the keys and to this,
 * so that nobody believes what another release wrote; and nothing of the older release may go on beside the newer one: neither
 * raises the counters of the other, whose analytics would go on believing them. Who goes back to the older release deletes its
 * marks before, for the same reason.
 */
export const MARKS_STEM = 'fixed-width-counters';

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

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

/**
 * Names the state of the database that counters are copied from, like `8f14e4.kO3pXv_1z`: the ledger id, a dot, and a hash
 * of everything that changes when the database goes back in time or is replaced (see `3_ledger_identity.sql`). It is part
 * of each key, so counters of two databases, or of one before and after a restore, never mix.
 */
export type LedgerIdentity = string;

/** A hash with the fields `clicks` and `impressions`, all time. Has no expiry. */
export function totalsKey(ledger: LedgerIdentity, adId: string): string {
  return `ad:${ledger}:{${adId}}:totals`;
}

/** A hash of clicks by second, packed by minute (field: Unix minute), one key per hour. */
export function secondsKey(ledger: LedgerIdentity, adId: string, second: number): string {
  return `ad:${ledger}:{${adId}}:seconds:${Math.floor(second / SECONDS_PER_HOUR)}`;
}

/** A hash of clicks by minute, packed by hour (field: Unix hour), one key per day. */
export function minutesKey(ledger: LedgerIdentity, adId: string, minute: number): string {
  return `ad:${ledger}:{${adId}}:minutes:${Math.floor(minute / MINUTES_PER_DAY)}`;
}

/** The pattern of all keys of counters, whatever ledger they are from. */
export const COUNTER_KEYS = 'ad:*';

const COUNTER_KEY = /^ad:([\w-]+\.[\w-]+):\{/;

/** The ledger that a key of counters belongs to; undefined for any other key. */
export function ledgerOfKey(key: string): LedgerIdentity | undefined {
  return COUNTER_KEY.exec(key)?.[1];
}

/** The part of an identity that survives restores: the beginning of the id that the migration made. Dumps and clones carry it with them. */
export function ledgerIdOf(ledger: LedgerIdentity): string {
  return ledger.slice(0, ledger.indexOf('.'));
}

/** A key in the same slot of a Redis Cluster as all counters of the ad. */
export function slotKey(adId: string): string {
  return `{${adId}}`;
}

/*
 * Expiry counts from when the newest field of a key was made, so it needs no agreement between this clock and that of
 * Redis. A field may be made an hour ahead of its time (a player's clock, with the greatest skew that can be set), and the
 * last window looks at it an hour, or a day, after its end.
 */
export const SECONDS_KEY_TTL = 3 * SECONDS_PER_HOUR;
export const MINUTES_KEY_TTL = 50 * SECONDS_PER_HOUR;

/*
 * The marks that tell whether counters are trusted. Each server has its own, so that a server that loses its counters loses
 * them too: on a single server the hash tag is this stem, in a cluster one that begins with it and is kept by that server.
 *
 * The stem names the layout of the keys above. Change both together, so that no release trusts what another one wrote; and
 * never run two releases with different layouts side by side, as neither raises the counters that the other one reads. Before
 * going back to the older release, delete its marks.
 */
export const MARKS_STEM = 'counters-of-ledger';

/** Set only by a finished rebuild, to `<instance id of the Redis server>:<token>`. Without it no counter of the ledger is trusted. */
export function epochKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:epoch`;
}

/** The token of the rebuild that is under way. A FLUSHALL in the middle deletes it, and the rebuild fails. */
export function rebuildKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:rebuild`;
}

/** Kept by the consumers of a ledger while they run. Counters of a ledger without it may be deleted. */
export function inUseKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:in-use`;
}

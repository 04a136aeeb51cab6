import type { TotalColumn } from './kinds.js';

/*
 * The keys of the counters in Redis. All keys of an ad have its id as their hash tag, so that a Redis Cluster keeps them on
 * one node and one script can read or raise them together.
 *
 * A field packs 60 buckets. A response reads about 30 fields instead of 2,000, and a counter takes one or two bytes instead of
 * 80. See `packed-counts.ts`.
 */

/** Buckets in one field: the seconds of a minute, or the minutes of an hour. */
export const BUCKETS_PER_FIELD = 60;

const SECONDS_PER_HOUR = 3_600;
const MINUTES_PER_DAY = 1_440;

/**
 * Identifies the database that counters are copied from, and its state, like `8f14e4.kO3pXv_1z`: the ledger id, a dot, and a
 * hash of everything that a restore or a replacement of the database changes (see `3_ledger_identity.sql`). Every key contains
 * it, so counters of two databases, or from before and after a restore, never mix.
 */
export type LedgerIdentity = string;

/** Key of a hash with the all-time fields `clicks` and `impressions`. It does not expire. */
export function totalsKey(ledger: LedgerIdentity, adId: string): string {
  return `ad:${ledger}:{${adId}}:totals`;
}

/** Impressions have keys of their own, so that ads without impressions pay nothing for them. */
const SECONDS = { clicks: 'seconds', impressions: 'impression-seconds' } as const satisfies Record<TotalColumn, string>;
const MINUTES = { clicks: 'minutes', impressions: 'impression-minutes' } as const satisfies Record<TotalColumn, string>;

/** Key of a hash of clicks or impressions per second: one key per hour, one packed field per Unix minute. */
export function secondsKey(ledger: LedgerIdentity, adId: string, column: TotalColumn, second: number): string {
  return `ad:${ledger}:{${adId}}:${SECONDS[column]}:${Math.floor(second / SECONDS_PER_HOUR)}`;
}

/** Key of a hash of clicks or impressions per minute: one key per day, one packed field per Unix hour. */
export function minutesKey(ledger: LedgerIdentity, adId: string, column: TotalColumn, minute: number): string {
  return `ad:${ledger}:{${adId}}:${MINUTES[column]}:${Math.floor(minute / MINUTES_PER_DAY)}`;
}

/** Pattern of the counter keys of all ledgers. */
export const COUNTER_KEYS = 'ad:*';

const COUNTER_KEY = /^ad:([\w-]+\.[\w-]+):\{/;

/** Returns the ledger of a counter key; undefined for other keys. */
export function ledgerOfKey(key: string): LedgerIdentity | undefined {
  return COUNTER_KEY.exec(key)?.[1];
}

/** Returns the ledger id of an identity. A migration creates it; restores, dumps and clones keep it. */
export function ledgerIdOf(ledger: LedgerIdentity): string {
  return ledger.slice(0, ledger.indexOf('.'));
}

/** Returns a key in the Redis Cluster slot of the ad's counters. */
export function slotKey(adId: string): string {
  return `{${adId}}`;
}

/*
 * Expiry is relative to the creation of the newest field of a key, so the clocks of this host and of Redis need not agree. A
 * field may be created up to an hour early (the largest MAX_CLOCK_SKEW_SECONDS), and is read for an hour (seconds) or a day
 * (minutes) after its end.
 */
export const SECONDS_KEY_TTL = 3 * SECONDS_PER_HOUR;
export const MINUTES_KEY_TTL = 50 * SECONDS_PER_HOUR;

/*
 * Markers that decide whether counters are trusted. Each server has its own, so that a server that loses its counters also
 * loses its markers. Their hash tag is this stem, or in a cluster a tag that begins with it and belongs to that server.
 *
 * The stem identifies the layout of the keys above. Change both together, so that no release trusts the counters of another
 * layout, and add the old stem to `OLDER_MARKS_STEMS`. Never run two releases with different layouts on one ledger at the same
 * time: neither raises the counters that the other reads. Delete the markers of the older release before a rollback to it.
 * services/UPGRADES.md describes how a layout changes without a stop.
 */
export const MARKS_STEM = 'counts-of-ledger';

/** Stems of older layouts. Their markers are deleted with the counters of a ledger that is not in use any more. */
export const OLDER_MARKS_STEMS: readonly string[] = ['counters-of-ledger'];

/** Stem of the in-use keys in every layout, so that releases that share a Redis see which ledgers the others use. */
export const IN_USE_STEM = 'counters-of-ledger';

/** Set by a finished rebuild to `<instance id of the Redis server>:<token>`. Without it no counter of the ledger is trusted. */
export function epochKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:epoch`;
}

/** The token of the running rebuild. A FLUSHALL deletes it, which makes the rebuild fail. */
export function rebuildKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:rebuild`;
}

/** Renewed by the consumers of a ledger. Counters of a ledger without it may be deleted. */
export function inUseKey(tag: string, ledger: LedgerIdentity): string {
  return `{${tag}}:${ledger}:in-use`;
}

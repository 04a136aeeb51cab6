import { KEY_SECRET, type KeyScope } from '@ads/models';
import { every } from '@ads/runtime';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { hashOfKey, MOST_KEYS } from './manage-keys.js';
import { MOST_SHARES } from './manage-shares.js';
import { onlyRow } from './only-row.js';

const READ_API_KEYS = readText('sql/read-api-keys.sql');

/** A key as requests need it. */
export interface LiveKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly (KeyScope | 'share')[];
  readonly advertiser: string | null;
  /** The ad or the campaign that a share opens; both are null for other keys. */
  readonly ad_id: string | null;
  readonly campaign: string | null;
  /** Milliseconds since the epoch. */
  readonly expires_at: number | null;
}

/** The result of checking a key. `unverified`: Postgres has not been read lately, so the key may exist or not. */
export type KeyReading =
  | { readonly state: 'live'; readonly key: LiveKey }
  | { readonly state: 'unknown' | 'expired' | 'deleted' | 'unverified' };

/**
 * All keys of the API in memory, by their hashes. The version of the keys is read every second, and all keys when it has changed.
 * Polling works through PgBouncer, whose transaction pooling drops LISTEN.
 *
 * While Postgres cannot be read, known keys keep working for `maxAgeMs`, and other keys are `unverified`: they may be new.
 * The time is limited because a process that alone is cut off from Postgres does not learn of deleted keys.
 */
export interface KeyRing {
  /**
   * Checks a key without waiting. It is looked up by its SHA-256, to prevent timing attacks: the duration depends on the hash
   * only, and an attacker cannot find a key whose hash begins with given digits.
   */
  check(secret: string): KeyReading;
  /** Reads the keys now. Never throws. */
  refresh(): Promise<void>;
  /** Keys in memory, including those that expired or were deleted. */
  size(): number;
  isLoaded(): boolean;
  /** Seconds since the last read, or since the start. */
  age(): number;
  /** The error of the last read; undefined when it succeeded. */
  failure(): unknown;
  stop(): Promise<void>;
}

export interface KeyRingOptions {
  readonly database: Database;
  /** Milliseconds since the epoch by the clock of Postgres; undefined until it has been measured. */
  readonly now: () => number | undefined;
  /** How long known keys work without a read. */
  readonly maxAgeMs: number;
}

/** Two reads fit into the two seconds within which a deleted key is refused. */
const POLL_MS = 1_000;
/** After a longer time without a read, a key that is not in memory may be new. */
const CURRENT_MS = 5_000;

interface Entry extends LiveKey {
  readonly hash: string;
  readonly is_deleted: boolean;
}

/** Begins to read the keys, and keeps them up to date until `stop`. */
export function createKeyRing({ database, now, maxAgeMs }: KeyRingOptions): KeyRing {
  let version: string | null = null;
  let entries: ReadonlyMap<string, Entry> = new Map();
  let lastRead = performance.now();
  let failure: unknown;
  let reading = Promise.resolve();
  const ageMs = () => performance.now() - lastRead;

  async function read(): Promise<void> {
    const startedAt = performance.now();
    try {
      const rows = await database.query<{ version: string; keys: Entry[] | null }>('read_api_keys', READ_API_KEYS, [
        version,
        MOST_KEYS + MOST_SHARES,
      ]);
      const found = onlyRow(rows);
      if (found.keys !== null) entries = new Map(found.keys.map((entry) => [entry.hash, entry]));
      version = found.version;
      lastRead = startedAt;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
  }

  // A read in progress may have begun before the change that the caller wants to see. One that waits serves all callers.
  let waiting: Promise<void> | undefined;
  const refresh = (): Promise<void> => {
    waiting ??= reading.then(() => {
      waiting = undefined;
      return read();
    });
    reading = waiting;
    return waiting;
  };
  const polling = every(POLL_MS, refresh);

  function check(secret: string): KeyReading {
    if (!KEY_SECRET.test(secret)) return { state: 'unknown' };
    const age = ageMs();
    if (version === null || age > maxAgeMs) return { state: 'unverified' };
    const entry = entries.get(hashOfKey(secret));
    if (entry === undefined) return { state: age > CURRENT_MS ? 'unverified' : 'unknown' };
    if (entry.is_deleted) return { state: 'deleted' };
    // All that a share opens needs Postgres, so it may end with the reads of keys.
    if (age > CURRENT_MS && entry.scopes.includes('share')) return { state: 'unverified' };
    if (entry.expires_at !== null) {
      const time = now();
      if (time === undefined) return { state: 'unverified' };
      if (time >= entry.expires_at) return { state: 'expired' };
    }
    return { state: 'live', key: entry };
  }

  return {
    check,
    refresh,
    size: () => entries.size,
    isLoaded: () => version !== null,
    age: () => ageMs() / 1_000,
    failure: () => failure,
    stop: polling.stop,
  };
}

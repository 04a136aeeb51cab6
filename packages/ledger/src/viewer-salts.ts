import { type KeyedHash, keyedHash } from '@ads/models';
import { every, within } from '@ads/runtime';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const RENEW_VIEWER_SALTS = readText('sql/renew-viewer-salts.sql');
const READ_VIEWER_SALTS = readText('sql/read-viewer-salts.sql');

/** Makes the salts of today and the next two days, and deletes those of days that ended two days ago. @returns the number made */
export async function renewViewerSalts(database: Database): Promise<number> {
  const rows = await database.query<{ made: number }>('renew_viewer_salts', RENEW_VIEWER_SALTS);
  return rows[0]?.made ?? 0;
}

/**
 * The salts of viewers in memory, as keyed hashes. They are read every `refreshMs`, and kept while Postgres is unavailable: three
 * days are known in advance. Salts are secrets, so nothing else returns them.
 */
export interface ViewerSalts {
  /** @param day days since 1970, UTC. @returns undefined if the salt of the day is not known */
  hashOf(day: number): KeyedHash | undefined;
  /** Days whose salts are in memory. */
  size(): number;
  /** True once a salt of today was read. */
  isLoaded(): boolean;
  /** Seconds since the last read that found a salt of today, or since the start. */
  age(): number;
  /** The error of the last read; undefined when it succeeded. */
  failure(): unknown;
  /** Waits for the first read, up to `waitMs`. */
  start(waitMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ViewerSaltsOptions {
  readonly database: Database;
  /** Milliseconds since the epoch by the clock of Postgres; undefined until it has been measured. */
  readonly now: () => number | undefined;
  readonly refreshMs: number;
}

interface Salt {
  readonly hex: string;
  readonly hash: KeyedHash;
}

const DAY_MS = 86_400_000;

/** The UTC day of a time, in days since 1970. */
export const dayOf = (time: number): number => Math.floor(time / DAY_MS);

/** Begins to read the salts, and keeps them up to date until `stop`. */
export function createViewerSalts({ database, now, refreshMs }: ViewerSaltsOptions): ViewerSalts {
  let salts: ReadonlyMap<number, Salt> = new Map();
  let lastRead = performance.now();
  let isLoaded = false;
  let failure: unknown;
  let setRead: () => void = () => undefined;
  const read = new Promise<void>((resolve) => {
    setRead = resolve;
  });

  async function refresh(): Promise<void> {
    const startedAt = performance.now();
    const rows = await database.query<{ day: number; salt: string }>('read_viewer_salts', READ_VIEWER_SALTS);
    // If the table is empty, a crash of Postgres has lost it. The known salts stay in use until the consumers have made others.
    const { length } = rows;
    if (length > 0) salts = new Map(rows.map(({ day, salt }) => [day, saltOf(salt, salts.get(day))]));
    setRead();
    const time = now();
    if (length === 0 || (time !== undefined && !salts.has(dayOf(time)))) {
      throw new Error('viewer_salts has no salt of today: no consumer has made one. Is a consumer running?');
    }
    lastRead = startedAt;
    isLoaded = true;
    failure = undefined;
  }

  const polling = every(refreshMs, refresh, {
    onError: (error) => {
      failure = error;
    },
  });

  return {
    hashOf: (day) => salts.get(day)?.hash,
    size: () => salts.size,
    isLoaded: () => isLoaded,
    age: () => (performance.now() - lastRead) / 1_000,
    failure: () => failure,
    start: (waitMs) => within(waitMs, read, () => undefined),
    stop: polling.stop,
  };
}

/** @param known the salt of the same day in memory */
function saltOf(hex: string, known: Salt | undefined): Salt {
  return known?.hex === hex ? known : { hex, hash: keyedHash(Buffer.from(hex, 'hex')) };
}

import type { Ad } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const READ_ADS = readText('sql/read-ads.sql');

/** Reads the whole catalogue. */
export async function readAds(database: Database): Promise<Ad[]> {
  const rows = await database.query<Omit<Ad, 'created_at'> & { created_at: Date }>('read_ads', READ_ADS);
  return rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
}

/** Whether an ad is there. `unverified`: it was not, and now nobody can tell, as the catalogue can't be read. */
export type Listing = 'known' | 'unknown' | 'unverified';

/** The catalogue in memory: works while Postgres is away. */
export interface AdCatalogue {
  /** True for an ad that is known already: the fast way, no waiting. */
  has(adId: string): boolean;
  /** Looks again before it says that an ad isn't there: it may be new. */
  find(adId: string): Promise<Listing>;
  /** All ads, oldest first; undefined until they could be read once. */
  list(): readonly Ad[] | undefined;
  /** Reads the catalogue now, or joins a read that is under way. Never throws. */
  refresh(): Promise<void>;
  /** Ends the refreshing in the background. */
  stop(): void;
}

export interface AdCatalogueOptions {
  readonly load: () => Promise<Ad[]>;
  readonly refreshMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

/** However many unknown ads are asked for, the database is asked no more often than this: who asks waits for so long. */
const MIN_REFRESH_GAP_MS = 1_000;

/** A catalogue that refreshes itself from now on. */
export function createAdCatalogue({ load, refreshMs, now, onFailure }: AdCatalogueOptions): AdCatalogue {
  let ads: readonly Ad[] | undefined;
  let ids: ReadonlySet<string> = new Set();
  let underWay: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let lastRead = Number.NEGATIVE_INFINITY;
  let lastReadFailed = true;

  async function read(): Promise<void> {
    lastRead = now();
    try {
      ads = await load();
      ids = new Set(ads.map((ad) => ad.id));
      lastReadFailed = false;
    } catch (error) {
      lastReadFailed = true;
      onFailure(error);
    } finally {
      underWay = undefined;
    }
  }

  function refresh(): Promise<void> {
    underWay ??= read();
    return underWay;
  }

  /** A read that begins after this call: one that is under way may be too old to know an ad that was just added. */
  function readAfresh(): Promise<void> {
    next ??= waitAndRead();
    return next;
  }

  async function waitAndRead(): Promise<void> {
    // Never longer than the gap, also when the clock was set back.
    const wait = Math.min(MIN_REFRESH_GAP_MS, lastRead + MIN_REFRESH_GAP_MS - now());
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await underWay;
    next = undefined;
    await refresh();
  }

  // Until it is loaded once, there is no reason to wait long for the next try.
  const timer = setInterval(() => {
    if (ads === undefined || now() - lastRead >= refreshMs) void refresh();
  }, MIN_REFRESH_GAP_MS);
  timer.unref();

  return {
    has: (adId) => ids.has(adId),
    async find(adId) {
      if (ids.has(adId)) return 'known';
      if (ads !== undefined) await readAfresh();
      else if (underWay || Math.abs(now() - lastRead) >= MIN_REFRESH_GAP_MS) await refresh();
      if (ids.has(adId)) return 'known';
      return lastReadFailed ? 'unverified' : 'unknown';
    },
    list: () => ads,
    refresh,
    stop: () => clearInterval(timer),
  };
}

import type { Ad } from '@ads/models';
import { every, within } from '@ads/runtime';
import { OVERLAP_MS } from './ad-catalogue.js';
import { type AdListing, createAdLookUp } from './ad-look-up.js';
import { createClockCache } from './clock-cache.js';
import type { Database } from './dependencies.js';
import { readAds, readChangedAdVersions, readNewestAdIds, readOutdatedAds } from './read-served-ads.js';

/** An ad as tags need it. A changed ad is a new object, so that a WeakMap can cache what is made from the ad. */
export type ServedAd = Ad;

/**
 * Whole ads in memory, up to `limit`. Changes of ads in memory are read every `refreshMs`. Ads in memory stay available while
 * Postgres is unavailable.
 */
export interface ServedAds {
  /** An ad in memory. Does not wait. */
  get(adId: string): ServedAd | undefined;
  /** Returns an ad in memory at once; otherwise reads it from Postgres. See `AdLookUp`. */
  find(adId: string, client: string): Promise<AdListing<ServedAd>>;
  /** Ads in memory. */
  size(): number;
  /** False until the newest ads have been read. */
  isLoaded(): boolean;
  /** Seconds since the last read of the changes, or since the start. */
  age(): number;
  /** The error of the last read or look-up; undefined when it succeeded. */
  failure(): unknown;
  /** Waits until the newest ads have been read, up to `waitMs`. A process may start before that, because ads are looked up. */
  start(waitMs: number): Promise<void>;
  /** Ends the reads. */
  stop(): void;
}

export interface ServedAdsOptions {
  /** Not the database that records events: a slow read of ads must not delay them. */
  readonly database: Database;
  /** Maximum number of ads in memory. */
  readonly limit: number;
  /** The time between two reads of the changes. */
  readonly refreshMs: number;
  /** The longest wait of one look-up. */
  readonly patienceMs: number;
}

/** Ads of one statement: they take Postgres and this process some milliseconds each. */
const ADS_PER_PAGE = 500;
/** With more changes, comparing all ads in memory takes less time than reading the changes. */
const MOST_CHANGES = 10_000;
/**
 * Share of the time that complete comparisons may take. They find what the changes do not show: deleted ads, and changes of
 * transactions that took longer than `OVERLAP_MS`.
 */
const SHARE_OF_COMPARISONS = 0.01;

/** Begins to read the newest ads, and keeps the ads in memory up to date until `stop`. */
export function createServedAds({ database, limit, refreshMs, patienceMs }: ServedAdsOptions): ServedAds {
  const ads = createClockCache<ServedAd>(limit);
  /** Ids of the newest ads that have not been read yet, newest first. */
  let unread: string[] | undefined;
  /** By the clock of Postgres. */
  let changesSince = 0;
  let nextComparison = Number.NEGATIVE_INFINITY;
  let lastRead = performance.now();
  let failure: unknown;
  let setLoaded: () => void = () => undefined;
  const loaded = new Promise<void>((resolve) => {
    setLoaded = resolve;
  });
  let isLoaded = false;

  const lookUp = createAdLookUp<ServedAd>({
    lookUp: (ids) => readAds(database, ids),
    onFound: ads.set,
    onFailure: (error) => {
      failure = error;
    },
    patienceMs,
  });

  /** Replaces an ad that is still in memory; `stored` is undefined for a deleted ad. */
  function replace(id: string, stored: ServedAd | undefined): void {
    if (stored === undefined) ads.delete(id);
    else if (ads.peek(id) !== undefined) ads.set(id, stored);
  }

  async function readChanges(): Promise<void> {
    const { ids, versions, read_at } = await readChangedAdVersions(database, changesSince, MOST_CHANGES);
    if (ids.length === MOST_CHANGES || performance.now() >= nextComparison) {
      await compareAll();
    } else {
      // Each poll finds the changes of the last 30 s again.
      const changed = ids.filter((id, index) => {
        const ad = ads.peek(id);
        return ad !== undefined && ad.updated_at !== versions[index];
      });
      for (const page of pagesOf(changed)) {
        const stored = await readAds(database, page);
        for (const id of page) replace(id, stored.get(id));
      }
    }
    changesSince = read_at - OVERLAP_MS;
  }

  async function compareAll(): Promise<void> {
    const startedAt = performance.now();
    for (const page of pagesOf([...ads.keys()])) {
      const inMemory = page.flatMap((id) => ads.peek(id) ?? []);
      for (const { id, ad } of await readOutdatedAds(database, inMemory)) replace(id, ad ?? undefined);
    }
    nextComparison = performance.now() + (performance.now() - startedAt) / SHARE_OF_COMPARISONS;
  }

  async function readNewest(): Promise<void> {
    if (unread === undefined) {
      const newest = await readNewestAdIds(database, limit);
      unread = newest.ids;
      changesSince = newest.read_at - OVERLAP_MS;
    }
    // The oldest of them first, so that they are dropped first.
    while (unread.length > 0) {
      for (const [id, ad] of await readAds(database, unread.slice(-ADS_PER_PAGE))) ads.set(id, ad);
      unread.length = Math.max(0, unread.length - ADS_PER_PAGE);
    }
    isLoaded = true;
    setLoaded();
  }

  async function poll(): Promise<void> {
    if (unread !== undefined) await readChanges();
    if (!isLoaded) await readNewest();
    lastRead = performance.now();
    failure = undefined;
  }

  const polls = every(refreshMs, poll, {
    onError: (error) => {
      failure = error;
    },
  });

  return {
    get: ads.get,
    async find(adId, client) {
      const ad = ads.get(adId);
      return ad === undefined ? await lookUp.find(adId, client) : { state: 'known', ad };
    },
    size: ads.size,
    isLoaded: () => isLoaded,
    age: () => (performance.now() - lastRead) / 1_000,
    failure: () => failure,
    start: (waitMs) => within(waitMs, loaded, () => undefined),
    //  // A read in progress may hang for lack of Postgres, and its result is not needed.
    stop: () => void polls.stop(),
  };
}

function* pagesOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += ADS_PER_PAGE) yield ids.slice(from, from + ADS_PER_PAGE);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { createAdLookUp, type Listing } from './ad-look-up.js';
import type { Database } from './dependencies.js';
import { createIdSet } from './id-set.js';
import { type AdIds, lookUpAds, readAdIds, readChangedAdIds } from './read-catalogue.js';

/** The ids of all ads, in memory. It works while Postgres is unavailable. */
export interface AdCatalogue {
  /** True for an ad that was read or looked up already. Does not wait. */
  has(adId: string): boolean;
  /** Looks up an ad that is not in memory in Postgres, because it may be new. See `AdLookUp`. */
  find(adId: string, client: string): Promise<Listing>;
  /** Ads in memory. */
  size(): number;
  /** All ids; undefined before the first complete read, and for more than `idsKept` ads. */
  ids(): readonly string[] | undefined;
  /** False until the first complete read. */
  isLoaded(): boolean;
  /** Seconds since the last read of the catalogue, or since the start. */
  age(): number;
  /** The error of the last read or look-up; undefined when it succeeded. */
  failure(): unknown;
  /** Reads the changes now, or joins a read in progress. Never throws. */
  refresh(): Promise<void>;
  /** Waits for the first read, up to `waitMs`. A process may start before it, because ads are looked up. */
  start(waitMs: number): Promise<void>;
  /** Ends the refreshes. */
  stop(): void;
}

export interface AdCatalogueOptions {
  /** Not the database that records events: a slow read of the catalogue must not delay them. */
  readonly database: Database;
  readonly refreshMs: number;
  /** The longest wait of one look-up. */
  readonly patienceMs: number;
  /** The most ads for which `ids()` returns a list; by default none. */
  readonly idsKept?: number;
}

/** A page takes Postgres some milliseconds, and this process one. */
const IDS_PER_PAGE = 10_000;
/**
 * Share of the time that complete reads may take. A catalogue of 100 ads is read completely at each refresh, one of a million
 * ads every few minutes.
 */
const SHARE_OF_FULL_READS = 0.01;
/**
 * A change has the time of its statement but becomes visible at its commit, so each refresh reads the last 30 s again. A new
 * ad of a longer transaction is found by its first look-up, a deletion by the next complete read.
 */
export const OVERLAP_MS = 30_000;
/** Retry interval until the first complete read. */
const FIRST_RETRY_MS = 1_000;

/**
 * Starts a catalogue that refreshes itself. A refresh reads all ids in pages, or only the changed ids if reading all would
 * exceed `SHARE_OF_FULL_READS`. A complete read removes deleted ads.
 */
export function createAdCatalogue(options: AdCatalogueOptions): AdCatalogue {
  const { database, refreshMs, patienceMs, idsKept = 0 } = options;
  let known = createIdSet();
  /** The ids so far, during a complete read. */
  let building: typeof known | undefined;
  let kept: string[] | undefined;
  let loaded = false;
  let failure: unknown;
  /** By the clock of Postgres. */
  let changesSince = 0;
  let nextFullRead = Number.NEGATIVE_INFINITY;
  let nextRefresh = Number.NEGATIVE_INFINITY;
  let lastRead = performance.now();
  let underWay: Promise<void> | undefined;

  const add = (id: string): void => {
    if (known.has(id)) return;
    known.add(id);
    building?.add(id);
    kept?.push(id);
    if (known.size() > idsKept) kept = undefined;
  };
  const failed = (error: unknown): void => {
    failure = error;
  };
  const lookUp = createAdLookUp({
    lookUp: async (ids) => new Map((await lookUpAds(database, ids)).map((id) => [id, true])),
    onFound: add,
    onFailure: failed,
    patienceMs,
  });

  async function readAll(): Promise<void> {
    const startedAt = performance.now();
    const all = loaded ? createIdSet() : known;
    building = all;
    let list: string[] | undefined = [];
    let readAt: number | undefined;
    for (let after = '', more = true; more; ) {
      const page: AdIds = await readAdIds(database, after, IDS_PER_PAGE);
      readAt ??= page.read_at;
      after = addLines(all, page.ids);
      if (list !== undefined && page.count > 0) {
        list = all.size() > idsKept ? undefined : list.concat(page.ids.split('\n'));
      }
      more = page.count === IDS_PER_PAGE;
    }
    known = all;
    kept = list;
    loaded = true;
    changesSince = (readAt ?? 0) - OVERLAP_MS;
    nextFullRead = performance.now() + (performance.now() - startedAt) / SHARE_OF_FULL_READS;
  }

  /** False when too many ads changed. */
  async function readChanges(): Promise<boolean> {
    const changed = await readChangedAdIds(database, changesSince, IDS_PER_PAGE);
    if (changed.count === IDS_PER_PAGE) return false;
    if (changed.count > 0) for (const id of changed.ids.split('\n')) add(id);
    changesSince = changed.read_at - OVERLAP_MS;
    return true;
  }

  async function read(): Promise<void> {
    try {
      if (performance.now() >= nextFullRead || !(await readChanges())) await readAll();
      lastRead = performance.now();
      failure = undefined;
    } catch (error) {
      failed(error);
    } finally {
      building = undefined;
      underWay = undefined;
      nextRefresh = performance.now() + (loaded ? refreshMs : Math.min(refreshMs, FIRST_RETRY_MS));
    }
  }

  function refresh(): Promise<void> {
    underWay ??= read();
    return underWay;
  }

  const timer = setInterval(
    () => {
      if (performance.now() >= nextRefresh) void refresh();
    },
    Math.min(refreshMs, FIRST_RETRY_MS),
  );
  timer.unref();

  return {
    has: (adId) => known.has(adId),
    find: async (adId, client) => (known.has(adId) ? 'known' : (await lookUp.find(adId, client)).state),
    size: () => known.size(),
    ids: () => kept,
    isLoaded: () => loaded,
    age: () => (performance.now() - lastRead) / 1_000,
    failure: () => failure,
    refresh,
    async start(waitMs) {
      await Promise.race([refresh(), sleep(waitMs, undefined, { ref: false })]);
    },
    stop: () => clearInterval(timer),
  };
}

/** Adds ids, one per line. @returns the last one */
function addLines(ids: ReturnType<typeof createIdSet>, lines: string): string {
  let from = 0;
  for (let to = lines.indexOf('\n'); to >= 0; to = lines.indexOf('\n', from)) {
    ids.add(lines, from, to);
    from = to + 1;
  }
  if (lines !== '') ids.add(lines, from);
  return lines.slice(from);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type AdLookUp, createAdLookUp, type Listing } from './ad-look-up.js';
import type { Database } from './dependencies.js';
import { createIdSet } from './id-set.js';
import { type AdIds, lookUpAds, readAdIds, readChangedAdIds } from './read-catalogue.js';

/** Which ads there are, in memory: goes on working while Postgres is unavailable. */
export interface AdCatalogue {
  /** True for an ad that was read or looked up already: the fast way, without waiting. */
  has(adId: string): boolean;
  /** Looks the ad up in Postgres where it is not in memory: it may be new. See `AdLookUp`. */
  find: AdLookUp['find'];
  /** Ads in memory. */
  size(): number;
  /** All ids; undefined before they were read once, and while there are more than `idsKept`. */
  ids(): readonly string[] | undefined;
  /** False until all ids were read once. */
  isLoaded(): boolean;
  /** Seconds since the catalogue was last read, or since the start if it never was. */
  age(): number;
  /** Why the last read or look-up failed; undefined when it did not. */
  failure(): unknown;
  /** Reads what changed now, or joins a read that is under way. Never throws. */
  refresh(): Promise<void>;
  /** The first read, or `waitMs` of it: a process may begin before all ids are here, as ads are looked up meanwhile. */
  start(waitMs: number): Promise<void>;
  /** Ends the refreshing in the background. */
  stop(): void;
}

export interface AdCatalogueOptions {
  /** With connections of its own: a slow read of the catalogue must not hold up the recording of events. */
  readonly database: Database;
  readonly refreshMs: number;
  /** How long an event waits for the look-up of its ad. */
  readonly patienceMs: number;
  /** Up to how many ads `ids()` returns. */
  readonly idsKept?: number;
}

/** Connections that a catalogue takes at most: for a read, a look-up, and a page of a list. */
export const CATALOGUE_CONNECTIONS = 3;

/** Some milliseconds for Postgres, one for this process. */
const IDS_PER_PAGE = 10_000;
/** All ids are read again when that takes less than this share of the time: for 100 ads each time, for a million every few minutes. */
const SHARE_OF_FULL_READS = 0.01;
/**
 * Changes show at their commit, with the time of the statement: changes of so long ago are read again. A new ad whose
 * transaction took longer is found by its first look-up, a deletion by the next read of all ids.
 */
const OVERLAP_MS = 30_000;
/** Until all ids were read once there is no reason to wait long for the next try. */
const FIRST_RETRY_MS = 1_000;

/**
 * A catalogue that refreshes itself from now on. A refresh reads all ids in pages, or only those that changed since
 * the last one where all would cost too much; deleted ads are forgotten when all are read.
 */
export function createAdCatalogue(options: AdCatalogueOptions): AdCatalogue {
  const { database, refreshMs, patienceMs, idsKept = 0 } = options;
  let known = createIdSet();
  /** While all ids are read: those that were read so far. */
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
    lookUp: (ids) => lookUpAds(database, ids),
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

  /** False where too much changed. */
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
    find: async (adId, client): Promise<Listing> => (known.has(adId) ? 'known' : await lookUp.find(adId, client)),
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

/** Adds ids that stand one a line; returns the last one. */
function addLines(ids: ReturnType<typeof createIdSet>, lines: string): string {
  let from = 0;
  for (let to = lines.indexOf('\n'); to >= 0; to = lines.indexOf('\n', from)) {
    ids.add(lines, from, to);
    from = to + 1;
  }
  if (lines !== '') ids.add(lines, from);
  return lines.slice(from);
}

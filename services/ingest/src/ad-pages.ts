import { createHash } from 'node:crypto';
import { ADS_PAGE, ApiError, unavailable } from '@ads/contract';
import type { AdsSlice } from '@ads/ledger';
import { type AdsPageQuery, writeCursor } from '@ads/models';
import { createTurns, every, within } from '@ads/runtime';
import { LRUCache } from 'lru-cache';

/** A response to `GET /api/v1/ads`. */
export interface AdsPage {
  /** JSON, in one buffer that all responses share. */
  readonly body: Buffer;
  /** Strong validator, a hash of the body. */
  readonly etag: string;
}

export interface AdPages {
  /**
   * @param client the client key: clients take turns, so that one with many pages does not delay the others
   * @throws ApiError 503 if too many reads wait, or if the page cannot be read and is not cached
   */
  page(query: AdsPageQuery, client: string): Promise<AdsPage>;
  /** Makes all pages read again before they are served, because the ads have changed. */
  expire(): void;
  /** Stops refreshing the first page. */
  stop(): Promise<void>;
}

export interface AdPagesOptions {
  readonly read: (query: AdsPageQuery) => Promise<AdsSlice>;
  /** Age from which a page is read again. */
  readonly maxAgeMs: number;
}

/** The number of pages is limited too, because clients choose the queries, and even an empty page takes 540 bytes. */
const CACHED_PAGES = 1_000;
/** About 60 pages of 1,000 ads. */
const CACHED_BYTES = 16 * 2 ** 20;
const WAITING = { inAll: 1_000, perClient: 50 };
/** The client key of the refresh, so that it takes turns with the clients. */
const REFRESH = 'refresh';
/** How long a request waits for a new page before it gets the cached one. */
const PATIENCE_MS = 500;

interface Kept extends AdsPage {
  /** When its read began, by the clock of `performance.now()`. */
  readonly readAt: number;
}

/**
 * A cache of the pages of the ad list. One page is read at a time, at most once per `maxAgeMs`. While Postgres is
 * unavailable, cached pages are still served. The first page is read every `maxAgeMs` and never evicted; of the others, the
 * least recently used is evicted first.
 */
export function createAdPages({ read, maxAgeMs }: AdPagesOptions): AdPages {
  const pages = new LRUCache<string, Kept>({
    max: CACHED_PAGES,
    maxSize: CACHED_BYTES,
    sizeCalculation: ({ body }, key) => body.length + key.length,
  });
  /** Reads that wait or are in progress, by client and page. */
  const readings = new Map<string, Promise<Kept>>();
  const inTurn = createTurns(WAITING, () => unavailable('Too many pages of ads are being read; retry later.'));
  let first: Kept | undefined;
  let expiredAt = Number.NEGATIVE_INFINITY;
  const isFresh = ({ readAt }: Kept): boolean => readAt > expiredAt && performance.now() - readAt < maxAgeMs;

  async function readPage(query: AdsPageQuery): Promise<Kept> {
    const readAt = performance.now();
    return toPage(await read(query), readAt);
  }

  async function readFirst(): Promise<Kept> {
    first = await readPage(FIRST_PAGE);
    return first;
  }

  async function readOther(key: string, query: AdsPageQuery): Promise<Kept> {
    // Another client may have read it.
    const kept = pages.get(key);
    if (kept !== undefined && isFresh(kept)) return kept;
    const page = await readPage(query);
    pages.set(key, page);
    return page;
  }

  /** Joins the client's own read of the page, or adds one to its queue. The read of another client may be far behind. */
  function readOnce(client: string, key: string, work: () => Promise<Kept>): Promise<Kept> {
    const name = `${client} ${key}`;
    const reading =
      readings.get(name) ??
      inTurn(client, work)
        .catch((error) => {
          throw error instanceof ApiError ? error : unavailable('The ad catalogue is unavailable; retry later.', error);
        })
        .finally(() => readings.delete(name));
    readings.set(name, reading);
    return reading;
  }

  const refresh = (): Promise<Kept> => readOnce(REFRESH, FIRST, readFirst);

  async function page(query: AdsPageQuery, client: string): Promise<AdsPage> {
    const key = keyOf(query);
    const kept = key === FIRST ? first : pages.get(key);
    if (kept !== undefined && isFresh(kept)) return kept;
    const readNow = () => (key === FIRST ? refresh() : readOnce(client, key, () => readOther(key, query)));
    // A read that began before the pages expired is repeated.
    const reading = readNow().then((found) => (found.readAt > expiredAt ? found : readNow()));
    if (kept === undefined) return await reading;
    // The older page, if the read fails or takes too long.
    return await within(PATIENCE_MS, reading, () => kept).catch(() => kept);
  }

  // The first page is read at every tick, even if it is younger than `maxAgeMs`. A read ends a little after its tick, so the
  // page is still too young at the next tick.
  const refreshes = every(maxAgeMs, () => void refresh().catch(() => undefined));
  const expire = (): void => {
    expiredAt = performance.now();
  };
  return { page, expire, stop: refreshes.stop };
}

const FIRST_PAGE: AdsPageQuery = { limit: ADS_PAGE, after: undefined };
const keyOf = ({ limit, sort, after, campaign, advertiser, status, q }: AdsPageQuery): string =>
  JSON.stringify([limit, sort, after, campaign, advertiser, status, q]);
const FIRST = keyOf(FIRST_PAGE);

function toPage({ ads, count, next }: AdsSlice, readAt: number): Kept {
  const cursor = next === undefined ? 'null' : `"${writeCursor(next)}"`;
  const body = Buffer.from(`{"ads":[${ads}],"count":${count},"next_cursor":${cursor}}`);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, etag, readAt };
}

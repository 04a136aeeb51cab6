import { createHash } from 'node:crypto';
import { ADS_PAGE, ApiError, unavailable } from '@ads/contract';
import type { AdsSlice } from '@ads/ledger';
import { type Position, writeCursor } from '@ads/models';
import { createTurns, every, within } from '@ads/runtime';

/** A response to `GET /api/v1/ads`. */
export interface AdsPage {
  /** JSON, in one buffer that all responses share. */
  readonly body: Buffer;
  /** Strong validator, a hash of the body. */
  readonly etag: string;
}

export interface AdPages {
  /** @throws ApiError 503 if too many reads wait, or if the page cannot be read and is not cached */
  page(limit: number, after: Position | undefined): Promise<AdsPage>;
  /** Stops refreshing the first page. */
  stop(): Promise<void>;
}

export interface AdPagesOptions {
  readonly read: (limit: number, after: Position | undefined) => Promise<AdsSlice>;
  /** Age from which a page is read again. */
  readonly maxAgeMs: number;
  /** Size of the cache. */
  readonly cacheBytes?: number;
}

/** About 60 pages of 1,000 ads. */
const CACHE_BYTES = 16 * 2 ** 20;
const PAGES_WAITING = 50;
/** How long a request waits for a new page before it gets the cached one. */
const PATIENCE_MS = 500;

interface Kept extends AdsPage {
  /** By the clock of `performance.now()`. */
  readonly readAt: number;
}

/**
 * A cache of the pages of the ad list. One page is read at a time, at most once per `maxAgeMs`. While Postgres is
 * unavailable, cached pages are still served. The first page is read every `maxAgeMs` and never evicted.
 */
export function createAdPages({ read, maxAgeMs, cacheBytes = CACHE_BYTES }: AdPagesOptions): AdPages {
  /** Least recently used first. */
  const pages = new Map<string, Kept>();
  const readings = new Map<string, Promise<Kept>>();
  const inTurn = createTurns(PAGES_WAITING, () => unavailable('Too many pages of ads are being read; retry later.'));
  let first: Kept | undefined;
  let bytes = 0;

  function keep(key: string, page: Kept): void {
    forget(key);
    pages.set(key, page);
    bytes += page.body.length;
    for (const [oldest] of pages) {
      if (bytes <= cacheBytes || oldest === key) break;
      forget(oldest);
    }
  }

  function forget(key: string): void {
    bytes -= pages.get(key)?.body.length ?? 0;
    pages.delete(key);
  }

  async function readPage(key: string, limit: number, after: Position | undefined): Promise<Kept> {
    try {
      const page = toPage(await inTurn(() => read(limit, after)));
      if (key === FIRST) first = page;
      else keep(key, page);
      return page;
    } catch (error) {
      throw error instanceof ApiError ? error : unavailable('The ad catalogue is unavailable; retry later.', error);
    } finally {
      readings.delete(key);
    }
  }

  /** Joins the read of the page that is in progress, or begins one. */
  function readOnce(key: string, limit: number, after: Position | undefined): Promise<Kept> {
    const reading = readings.get(key) ?? readPage(key, limit, after);
    readings.set(key, reading);
    return reading;
  }

  async function page(limit: number, after: Position | undefined): Promise<AdsPage> {
    const key = keyOf(limit, after);
    const kept = key === FIRST ? first : pages.get(key);
    if (kept !== undefined && performance.now() - kept.readAt < maxAgeMs) {
      if (key !== FIRST) keep(key, kept);
      return kept;
    }
    const reading = readOnce(key, limit, after);
    if (kept === undefined) return await reading;
    // The older page, if the read fails or takes too long.
    return await within(PATIENCE_MS, reading, () => kept).catch(() => kept);
  }

  // Whatever its age: the page is read after the tick, so at the next tick it is younger than `maxAgeMs`.
  const refreshes = every(maxAgeMs, () => void readOnce(FIRST, ADS_PAGE, undefined).catch(() => undefined));
  return { page, stop: refreshes.stop };
}

const keyOf = (limit: number, after: Position | undefined): string => `${limit} ${after?.join(' ') ?? ''}`;
const FIRST = keyOf(ADS_PAGE, undefined);

function toPage({ ads, count, next }: AdsSlice): Kept {
  const cursor = next === undefined ? 'null' : `"${writeCursor(next)}"`;
  const body = Buffer.from(`{"ads":[${ads}],"count":${count},"next_cursor":${cursor}}`);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, etag, readAt: performance.now() };
}

import { createHash } from 'node:crypto';
import { ApiError, unavailable } from '@ads/http';
import { type AdsSlice, createTurns } from '@ads/ledger';
import { ADS_PAGE, type Position, writeCursor } from '@ads/models';
import { every, within } from '@ads/runtime';

/** An answer of `GET /api/v1/ads`. */
export interface AdsPage {
  /** JSON. One buffer for all who ask: it is never copied. */
  readonly body: Buffer;
  /** Strong: of the very bytes. */
  readonly etag: string;
}

export interface AdPages {
  /** @throws ApiError 503 when too many pages are asked for at once, or the page can not be read and is not kept */
  page(limit: number, after: Position | undefined): Promise<AdsPage>;
  /** Ends the refreshing of the first page. */
  stop(): Promise<void>;
}

export interface AdPagesOptions {
  readonly read: (limit: number, after: Position | undefined) => Promise<AdsSlice>;
  /** From this age on a page is read again. */
  readonly maxAgeMs: number;
  /** Bytes of the pages that are kept. */
  readonly cacheBytes?: number;
}

/** Some 60 pages of a thousand ads. */
const CACHE_BYTES = 16 * 2 ** 20;
const PAGES_WAITING = 50;
/** How long a caller waits for a page to be read again, when there is an older one. */
const PATIENCE_MS = 500;

interface Kept extends AdsPage {
  /** By the clock of `performance.now()`. */
  readonly readAt: number;
}

/**
 * Pages of the list of ads, each made once for all who ask within `maxAgeMs`, and one at a time. While Postgres is
 * unavailable, the pages that are kept are still answered. The first page is always kept.
 */
export function createAdPages({ read, maxAgeMs, cacheBytes = CACHE_BYTES }: AdPagesOptions): AdPages {
  /** The page that was not asked for the longest comes first. */
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

  async function page(limit: number, after: Position | undefined): Promise<AdsPage> {
    const key = keyOf(limit, after);
    const kept = key === FIRST ? first : pages.get(key);
    if (kept !== undefined && performance.now() - kept.readAt < maxAgeMs) {
      if (key !== FIRST) keep(key, kept);
      return kept;
    }
    const reading = readings.get(key) ?? readPage(key, limit, after);
    readings.set(key, reading);
    if (kept === undefined) return await reading;
    // The older page, if the read fails or takes too long.
    return await within(PATIENCE_MS, reading, () => kept).catch(() => kept);
  }

  const refreshes = every(maxAgeMs, () => void page(ADS_PAGE, undefined).catch(() => undefined));
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

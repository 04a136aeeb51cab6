import type { AdsSlice } from '@ads/ledger';
import type { Position } from '@ads/models';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AdPages, createAdPages } from '../src/ad-pages.js';

describe('pages of ads', () => {
  let reads: string[];
  let read: () => Promise<AdsSlice>;
  let pages: AdPages;
  const NEVER = new Promise<AdsSlice>(() => undefined);
  const slice = (ads: string, next?: Position): AdsSlice => ({ ads, count: ads === '' ? 0 : 1, next });
  const text = async (limit: number, after?: Position) => (await pages.page(limit, after)).body.toString();
  function open(settings: { maxAgeMs?: number; cacheBytes?: number } = {}): void {
    pages = createAdPages({
      maxAgeMs: 3_600_000,
      ...settings,
      read: (limit, after) => {
        reads.push(`${limit} ${after?.join() ?? ''}`);
        return read();
      },
    });
  }
  beforeEach(() => {
    reads = [];
    read = async () => slice('{"id":"ad-001"}', [5, 'ad-001']);
  });
  afterEach(async () => {
    await pages.stop();
    jest.useRealTimers();
  });

  it('are read once for all requests, with an ETag of their bytes', async () => {
    open();
    const all = await Promise.all([1_000, 1_000, 2, 2].map((limit) => pages.page(limit, undefined)));
    expect(reads).toEqual(['1000 ', '2 ']);
    expect(all[0]?.body).toBe(all[1]?.body);
    expect(JSON.parse(String(all[0]?.body))).toEqual({
      ads: [{ id: 'ad-001' }],
      count: 1,
      next_cursor: expect.stringMatching(/^[\w-]+$/),
    });
    read = async () => slice('');
    expect(JSON.parse(await text(3, [5, 'ad-001']))).toEqual({ ads: [], count: 0, next_cursor: null });
    const other = await pages.page(3, [5, 'ad-001']);
    expect([all[0]?.etag, all[2]?.etag, other.etag]).toEqual([
      all[2]?.etag,
      all[0]?.etag,
      expect.stringMatching(/^".{22}"$/),
    ]);
    expect(other.etag).not.toBe(all[0]?.etag);
  });

  it('are served from the cache while reads fail or are slow', async () => {
    open({ maxAgeMs: 0 });
    const before = await text(1_000);
    read = () => Promise.reject(new Error('away'));
    expect(await text(1_000)).toBe(before);
    read = () => NEVER;
    expect(await text(1_000)).toBe(before);
  });

  it('fail if the read fails and they are not cached', async () => {
    read = () => Promise.reject(new Error('away'));
    open();
    for (const limit of [1_000, 7]) {
      await expect(text(limit)).rejects.toMatchObject({ status: 503, cause: new Error('away') });
    }
  });

  it('use bounded memory: the least recently used pages are evicted, except the first page', async () => {
    open({ cacheBytes: 200 });
    await text(1_000);
    for (const id of ['a', 'b', 'a', 'c', 'd', 'a']) await text(1, [1, id]);
    expect(reads).toEqual(['1000 ', '1 1,a', '1 1,b', '1 1,c', '1 1,d']);
    await text(1, [1, 'b']);
    await text(1_000);
    expect(reads.slice(5)).toEqual(['1 1,b']);
  });

  it('include the first page as read every maxAgeMs, although a read takes time', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    read = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return slice('');
    };
    open({ maxAgeMs: 1_000 });
    await jest.advanceTimersByTimeAsync(3_500);
    expect(reads).toEqual(['1000 ', '1000 ', '1000 ', '1000 ']);
  });

  it('are refused while too many reads wait', async () => {
    read = () => NEVER;
    open();
    for (let i = 0; i < 49; i += 1) void text(1, [1, `${i}`]);
    await expect(text(1, [1, 'more'])).rejects.toMatchObject({ status: 503 });
  });
});

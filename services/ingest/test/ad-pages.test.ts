import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
  const text = async (limit: number, after?: Position, client = 'client') =>
    (await pages.page({ limit, after }, client)).body.toString();
  function open({ maxAgeMs = 3_600_000 } = {}): void {
    pages = createAdPages({
      maxAgeMs,
      read: ({ limit, after, ...filter }) => {
        reads.push([`${limit} ${after?.join() ?? ''}`, ...Object.values(filter)].join(' '));
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
    const all = await Promise.all(
      [1_000, 1_000, 2, 2].map((limit) => pages.page({ limit, after: undefined }, 'client')),
    );
    expect(reads).toEqual(['1000 ', '2 ']);
    expect(all[0]?.body).toBe(all[1]?.body);
    expect(JSON.parse(String(all[0]?.body))).toEqual({
      ads: [{ id: 'ad-001' }],
      count: 1,
      next_cursor: expect.stringMatching(/^[\w-]+$/),
    });
    read = async () => slice('');
    expect(JSON.parse(await text(3, [5, 'ad-001']))).toEqual({ ads: [], count: 0, next_cursor: null });
    const other = await pages.page({ limit: 3, after: [5, 'ad-001'] }, 'client');
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

  it('are kept for each combination of filters', async () => {
    open();
    const after = undefined;
    for (const filter of [
      { campaign: 'a' },
      { advertiser: 'a' },
      { q: 'a' },
      { campaign: 'a', q: 'a' },
      { q: 'a' },
      {},
    ]) {
      await pages.page({ limit: 1_000, after, ...filter }, 'client');
    }
    expect(reads).toEqual(['1000 ', '1000  a', '1000  a', '1000  a', '1000  a a']);
  });

  it('fail if the read fails and they are not cached', async () => {
    read = () => Promise.reject(new Error('away'));
    open();
    for (const limit of [1_000, 7]) {
      await expect(text(limit)).rejects.toMatchObject({ status: 503, cause: new Error('away') });
    }
  });

  it('use bounded memory: the least recently used pages are evicted, except the first page', async () => {
    // Four of these pages fit.
    read = async () => slice('x'.repeat(4_100_000));
    open();
    await text(1_000);
    for (const id of ['a', 'b', 'c', 'd', 'a', 'e', 'a']) await text(1, [1, id]);
    expect(reads).toEqual(['1000 ', '1 1,a', '1 1,b', '1 1,c', '1 1,d', '1 1,e']);
    await text(1, [1, 'b']);
    await text(1_000);
    expect(reads.slice(6)).toEqual(['1 1,b']);
  });

  it('use bounded memory for any number of empty pages', async () => {
    read = async () => slice('');
    open();
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const heapAfter = async (from: number, to: number) => {
      for (let i = from; i < to; i += 1) await text(1 + (i % 1_000), [i, `${'x'.repeat(100)}${i}`]);
      reads = [];
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(1, 2_000);
    expect((await heapAfter(2_000, 20_000)) - before).toBeLessThan(2_000_000);
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

  it('are refused to a client with too many waiting reads', async () => {
    read = () => NEVER;
    open();
    for (let i = 0; i < 50; i += 1) void text(1, [1, `${i}`]);
    await expect(text(1, [1, 'more'])).rejects.toMatchObject({ status: 503 });
  });

  it('are read in turns, so that a client with many different pages does not delay the others', async () => {
    open();
    const flood = Promise.allSettled(Array.from({ length: 200 }, (_, i) => text(1, [1, `${i}`], 'hostile')));
    await text(1, [2, 'ad-001'], 'honest');
    expect(reads.length).toBeLessThan(10);
    // The hostile client asked for this page first.
    await text(1, [1, '40'], 'honest');
    expect(reads.length).toBeLessThan(20);
    const refused = (await flood).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(150);
    expect(reads.filter((page) => page === '1 1,40')).toHaveLength(1);
  });
});

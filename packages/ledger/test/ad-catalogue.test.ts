import type { Ad } from '@ads/models';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AdCatalogue, createAdCatalogue, type Listing } from '../src/index.js';

const ad = (id: string): Ad => ({ id, image_url: '', target_url: '', created_at: '2026-11-22T00:00:00.000Z' });

describe('the ad catalogue', () => {
  let stored: Ad[] | undefined;
  let loads: number;
  let failures: unknown[];
  let catalogue: AdCatalogue;

  beforeEach(() => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 22), doNotFake: ['nextTick', 'setImmediate'] });
    stored = [ad('ad-001')];
    loads = 0;
    failures = [];
    catalogue = createAdCatalogue({
      load: async () => {
        loads += 1;
        if (!stored) throw new Error('away');
        return stored;
      },
      refreshMs: 30_000,
      now: Date.now,
      onFailure: (error) => failures.push(error),
    });
  });
  afterEach(() => {
    catalogue.stop();
    jest.useRealTimers();
  });

  it('finds what it has without reading', async () => {
    await catalogue.refresh();
    expect([catalogue.has('ad-001'), await catalogue.find('ad-001')]).toEqual([true, 'known']);
    expect(catalogue.has('ad-002')).toBe(false);
    expect(loads).toBe(1);
  });

  it('looks again before it says that an ad is not there: once for many, who all learn of it', async () => {
    await catalogue.refresh();
    jest.setSystemTime(Date.now() + 1_000);
    stored = [ad('ad-001'), ad('ad-002')];
    const listings = await Promise.all(['ad-002', 'ad-003', 'ad-002'].map(catalogue.find));
    expect(listings).toEqual(['known', 'unknown', 'known']);
    expect(loads).toBe(2);
  });

  it('finds an ad that was added right after it had looked, at the price of a second at most', async () => {
    await catalogue.refresh();
    stored = [ad('ad-001'), ad('ad-002')];
    const listing = catalogue.find('ad-002');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await listing).toBe('known');
    expect(loads).toBe(2);
  });

  it('does not believe a reading that began before it was asked', async () => {
    await catalogue.refresh();
    jest.setSystemTime(Date.now() + 1_000);
    // What is read is fixed at the beginning of the read: the ad is added while that is under way.
    const early = catalogue.refresh();
    stored = [ad('ad-001'), ad('ad-002')];
    const listing = catalogue.find('ad-002');
    await early;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await listing).toBe('known');
  });

  it('asks the database no more than once a second, however many unknown ads are asked for', async () => {
    await catalogue.refresh();
    const listings: Promise<Listing>[] = [];
    for (let i = 0; i < 50; i += 1) {
      await jest.advanceTimersByTimeAsync(100);
      listings.push(catalogue.find(`no-${i}`));
    }
    await jest.advanceTimersByTimeAsync(1_000);
    expect(new Set(await Promise.all(listings))).toEqual(new Set(['unknown']));
    expect(loads).toBeLessThanOrEqual(7);
  });

  it('says that it does not know while it could never be read, and is read as soon as it can be', async () => {
    stored = undefined;
    await catalogue.refresh();
    expect([await catalogue.find('ad-001'), catalogue.list()]).toEqual(['unverified', undefined]);
    expect(failures).toEqual([new Error('away')]);
    stored = [ad('ad-001')];
    await jest.advanceTimersByTimeAsync(1_000);
    expect([catalogue.has('ad-001'), catalogue.list()]).toEqual([true, [ad('ad-001')]]);
  });

  it('keeps what it had when it can not be read again', async () => {
    await catalogue.refresh();
    stored = undefined;
    await catalogue.refresh();
    expect([await catalogue.find('ad-001'), catalogue.list()]).toEqual(['known', [ad('ad-001')]]);
    expect(failures).toHaveLength(1);
  });

  it('refreshes in the background, forgetting ads that are gone, and no more when it is stopped', async () => {
    await catalogue.refresh();
    stored = [ad('ad-002')];
    await jest.advanceTimersByTimeAsync(29_000);
    expect(catalogue.has('ad-001')).toBe(true);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(['ad-001', 'ad-002'].map(catalogue.has)).toEqual([false, true]);
    catalogue.stop();
    const before = loads;
    await jest.advanceTimersByTimeAsync(120_000);
    expect(loads).toBe(before);
  });
});

import { openTestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServedAds, type Database } from '../src/index.js';
import { rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

describe('the ads that tags serve', () => {
  let server: Database;
  beforeAll(async () => {
    server = openDatabase(testServers, await testServers.database());
  });
  beforeEach(() => rows(server, 'TRUNCATE ads'));

  const insert = (first: number, last: number) =>
    rows(
      server,
      `INSERT INTO ads (id, image_url, target_url, created_at)
       SELECT 'ad-' || i, '', 'https://shop.example/' || i, now() + i * interval '1 second' FROM generate_series(${first}, ${last}) i`,
    );

  /** `isDown` makes every query fail; `reads` has the ids of each read of whole ads. */
  function open(limit: number) {
    const state = { isDown: false, reads: [] as (readonly string[])[], polls: 0 };
    const database: Database = {
      async query(operation, text, values = []) {
        if (state.isDown) throw new Error('Postgres is down');
        if (operation === 'read_ads') state.reads.push(values[0] as string[]);
        if (operation === 'read_changed_ad_versions') state.polls += 1;
        return await server.query(operation, text, values);
      },
    };
    const ads = createServedAds({ database, limit, refreshMs: 20, patienceMs: 5_000 });
    testServers.onRelease(ads.stop);
    return { ads, state };
  }
  const until = (condition: () => boolean, what: string) => waitFor(condition, { what, timeoutMs: 30_000 });

  it('reads the newest, and any other ad once it is asked for', async () => {
    await insert(1, 600);
    const { ads, state } = open(550);
    await ads.start(60_000);
    expect([ads.size(), ads.get('ad-50'), ads.get('ad-51')?.target_url]).toEqual([
      550,
      undefined,
      'https://shop.example/51',
    ]);
    state.reads = [];
    const found = await Promise.all(['ad-50', 'ad-51', 'ad-601', 'ad-50'].map((id) => ads.find(id, 'client')));
    expect(found.map((listing) => (listing.state === 'known' ? listing.ad.id : listing.state))).toEqual([
      'ad-50',
      'ad-51',
      'unknown',
      'ad-50',
    ]);
    expect(state.reads).toEqual([['ad-50', 'ad-601']]);
    // ad-52 was the oldest that nobody asked for.
    expect(['ad-50', 'ad-51', 'ad-52'].map((id) => ads.get(id)?.id)).toEqual(['ad-50', 'ad-51', undefined]);
  });

  it('reads only changed ads in memory again, each change once, and drops deleted ones', async () => {
    await insert(1, 5);
    const { ads, state } = open(3);
    await ads.start(60_000);
    state.reads = [];
    const before = ads.get('ad-3');
    await rows(server, "UPDATE ads SET status = 'paused' WHERE id IN ('ad-1', 'ad-4')");
    await until(() => ads.get('ad-4')?.status === 'paused', 'the ad to be paused');
    const { polls } = state;
    await until(() => state.polls >= polls + 2, 'two more polls');
    expect(state.reads.length).toBeLessThanOrEqual(1);
    expect(state.reads.flat()).not.toContain('ad-1');
    expect(ads.get('ad-3')).toBe(before);
    await rows(server, "DELETE FROM ads WHERE id = 'ad-5'");
    // The time stamp of a transaction that took longer than the overlap.
    await rows(server, 'ALTER TABLE ads DISABLE TRIGGER USER');
    await rows(server, "UPDATE ads SET title = 'Late', updated_at = now() - interval '1 hour' WHERE id = 'ad-3'");
    await rows(server, 'ALTER TABLE ads ENABLE TRIGGER USER');
    await until(() => ads.get('ad-5') === undefined && ads.get('ad-3')?.title === 'Late', 'the comparison');
  });

  it('serves ads in memory without Postgres, reports the age, and goes on afterwards', async () => {
    await insert(1, 1);
    const { ads, state } = open(10);
    await ads.start(60_000);
    state.isDown = true;
    await until(() => ads.failure() !== undefined, 'a failed read');
    const age = ads.age();
    expect([(await ads.find('ad-1', 'client')).state, (await ads.find('ad-2', 'client')).state]).toEqual([
      'known',
      'unverified',
    ]);
    await insert(2, 2);
    await rows(server, "UPDATE ads SET status = 'archived' WHERE id = 'ad-1'");
    expect(ads.age()).toBeGreaterThan(age);
    state.isDown = false;
    await until(() => ads.get('ad-1')?.status === 'archived', 'the change');
    expect([(await ads.find('ad-2', 'client')).state, ads.failure()]).toEqual(['known', undefined]);
  });

  it('follows a change of more ads than it reads as changes', async () => {
    await insert(1, 10_001);
    const { ads } = open(100);
    await ads.start(60_000);
    await rows(server, "UPDATE ads SET status = 'paused'");
    await until(() => ads.get('ad-10001')?.status === 'paused', 'the ad to be paused');
    expect(ads.size()).toBe(100);
  });
});

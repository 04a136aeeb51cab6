import { type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { ADS_SORTS, type AdsFilter, type Position } from '@ads/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { type AdCatalogue, createAdCatalogue, type Database, readAdsPage } from '../src/index.js';
import { rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

/** Counts queries by operation. */
function counting(database: Database) {
  const counts: Record<string, number> = {};
  const counted: Database = {
    query(operation, text, values) {
      counts[operation] = (counts[operation] ?? 0) + 1;
      return database.query(operation, text, values);
    },
  };
  return { database: counted, counts };
}

describe('the ad catalogue', () => {
  let server: Database;
  beforeAll(async () => {
    server = openDatabase(testServers, await testServers.database());
  });
  beforeEach(() => rows(server, 'TRUNCATE ads'));

  const insert = (first: number, last: number) =>
    rows(
      server,
      `INSERT INTO ads (id, image_url, target_url) SELECT 'ad-' || i, '', '' FROM generate_series(${first}, ${last}) i`,
    );
  function open(settings: { refreshMs?: number; idsKept?: number } = {}): ReturnType<typeof counting> & {
    catalogue: AdCatalogue;
  } {
    const { database, counts } = counting(server);
    const catalogue = createAdCatalogue({
      database,
      refreshMs: 3_600_000,
      patienceMs: 5_000,
      idsKept: 10,
      ...settings,
    });
    testServers.onRelease(catalogue.stop);
    return { database, counts, catalogue };
  }

  it('answers for a known ad without a query', async () => {
    await insert(1, 3);
    const { catalogue, counts } = open();
    expect([catalogue.isLoaded(), catalogue.ids()]).toEqual([false, undefined]);
    await catalogue.start(60_000);
    expect([catalogue.has('ad-1'), await catalogue.find('ad-1', ''), catalogue.has('ad-4')]).toEqual([
      true,
      'known',
      false,
    ]);
    expect([catalogue.isLoaded(), catalogue.size(), catalogue.ids()]).toEqual([true, 3, ['ad-1', 'ad-2', 'ad-3']]);
    expect(counts).toEqual({ read_ad_ids: 1 });
  });

  it('looks up an ad that it does not know, only that one, and then keeps it', async () => {
    await insert(1, 3);
    const { catalogue, counts } = open();
    await catalogue.start(60_000);
    await insert(4, 4);
    expect(await Promise.all(['ad-4', 'ad-5', 'ad-4'].map((id) => catalogue.find(id, '')))).toEqual([
      'known',
      'unknown',
      'known',
    ]);
    expect([catalogue.has('ad-4'), catalogue.has('ad-5'), catalogue.ids()?.length]).toEqual([true, false, 4]);
    expect(counts).toEqual({ read_ad_ids: 1, look_up_ads: 1 });
  });

  it('reads 25,000 ads in pages, then only changes, until the next full read is due', async () => {
    await insert(1, 25_000);
    const { catalogue, counts } = open();
    await catalogue.start(60_000);
    expect([catalogue.size(), catalogue.has('ad-1'), catalogue.has('ad-25000'), catalogue.ids()]).toEqual([
      25_000,
      true,
      true,
      undefined,
    ]);
    expect(counts).toEqual({ read_ad_ids: 3 });
    // All of them are younger than the overlap that is read again: too many to be read as changes.
    await rows(server, "ALTER TABLE ads DISABLE TRIGGER USER; UPDATE ads SET updated_at = now() - interval '1 hour'");
    await rows(server, 'ALTER TABLE ads ENABLE TRIGGER USER');
    await insert(25_001, 25_002);
    await rows(server, "UPDATE ads SET id = 'ad-renamed' WHERE id = 'ad-1'");
    await catalogue.refresh();
    expect(counts).toEqual({ read_ad_ids: 3, read_changed_ad_ids: 1 });
    expect(['ad-25001', 'ad-25002', 'ad-renamed'].map(catalogue.has)).toEqual([true, true, true]);
  });

  it('drops deleted ads, whichever SQL statement deleted them', async () => {
    await insert(1, 10);
    const { catalogue } = open({ refreshMs: 50 });
    await catalogue.start(60_000);
    const forgotten = (ids: string[]) =>
      waitFor(() => !ids.some(catalogue.has), { what: `${ids} to be forgotten`, timeoutMs: 30_000 });
    await rows(server, "DELETE FROM ads WHERE id = 'ad-1'");
    await rows(server, "UPDATE ads SET id = 'ad-2b' WHERE id = 'ad-2'");
    await forgotten(['ad-1', 'ad-2']);
    await waitFor(() => catalogue.has('ad-2b'), { what: 'the renamed ad', timeoutMs: 30_000 });
    await rows(server, 'TRUNCATE ads');
    await forgotten(['ad-3', 'ad-10']);
    await waitFor(() => catalogue.size() === 0, { what: 'an empty catalogue', timeoutMs: 30_000 });
  });

  it('lists ads in pages, in both orders, each ad once, even if many were created at the same time', async () => {
    await rows(
      server,
      `INSERT INTO ads (id, image_url, target_url, created_at)
       SELECT 'ad-' || i, 'http://x/"' || i, '', timestamptz '2026-01-01 00:00:00.123456Z' + (i / 10) * interval '1 microsecond'
       FROM generate_series(1, 95) i`,
    );
    const stored = await rows(server, 'SELECT id FROM ads ORDER BY created_at, id');
    const expected = stored.map((row) => (row as { id: string }).id);
    for (const [limit, sort] of [1, 7, 94, 95, 96].flatMap((limit) =>
      ADS_SORTS.map((sort) => [limit, sort] as const),
    )) {
      const seen: unknown[] = [];
      let after: Position | undefined;
      do {
        const page = await readAdsPage(server, { limit, sort, after });
        const ads = JSON.parse(`[${page.ads}]`) as { id: string; image_url: string; created_at: string }[];
        expect(ads).toHaveLength(page.count);
        for (const { id, image_url, created_at } of ads) {
          expect([image_url, created_at]).toEqual([`http://x/"${id.slice(3)}`, '2026-01-01T00:00:00.123Z']);
          seen.push(id);
        }
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(sort === 'oldest' ? expected : expected.toReversed());
    }
    expect(await readAdsPage(server, { limit: 10, after: [9_007_199_254_740_991, 'zzz'] })).toEqual({
      ads: '',
      count: 0,
      next: undefined,
    });
    await rows(server, "INSERT INTO ads VALUES ('odd', '', '', 'infinity'), ('ode', '', '', '-infinity')");
    expect((await readAdsPage(server, { limit: 97, after: undefined })).count).toBe(97);
    expect((await readAdsPage(server, { limit: 96, after: undefined })).next).toEqual(expect.anything());
    const newest = await readAdsPage(server, { limit: 1, sort: 'newest', after: undefined });
    expect([JSON.parse(newest.ads).id, newest.next?.[1]]).toEqual([expected.at(-1), expected.at(-1)]);
  });

  it('lists the ads of a filter, and examines a bounded number for each page', async () => {
    await rows(
      server,
      `INSERT INTO ads (id, image_url, target_url, title, campaign, advertiser, status, created_at)
       SELECT 'ad-' || i, '', '', CASE i % 3 WHEN 0 THEN 'Größe ' || i END, CASE i % 2 WHEN 0 THEN 'even' END, 'a' || i % 5,
         CASE i % 7 WHEN 0 THEN 'paused' ELSE 'active' END, timestamptz '2026-01-01' + i * interval '1 second'
       FROM generate_series(1, 100) i`,
    );
    const numbers = (fits: (i: number) => boolean) => Array.from({ length: 100 }, (_, i) => i + 1).filter(fits);
    const cases: [AdsFilter, number[]][] = [
      [{ campaign: 'even' }, numbers((i) => i % 2 === 0)],
      [{ campaign: 'eve' }, []],
      [{ advertiser: 'a3', status: 'paused' }, numbers((i) => i % 5 === 3 && i % 7 === 0)],
      [{ status: 'paused' }, numbers((i) => i % 7 === 0)],
      [{ q: 'gRö' }, numbers((i) => i % 3 === 0)],
      [{ q: '%' }, []],
      [{ q: 'D-9' }, numbers((i) => i === 9 || (i > 89 && i < 100))],
      [{ campaign: 'even', advertiser: 'a0', status: 'active', q: '0' }, numbers((i) => i % 10 === 0 && i % 7 !== 0)],
    ];
    for (const [filter, expected] of cases) {
      for (const [limit, examined] of [
        [3, 4],
        [3, 7],
        [1_000, 20_000],
      ] as const) {
        for (const sort of ADS_SORTS) {
          const seen: number[] = [];
          let after: Position | undefined;
          do {
            const page = await readAdsPage(server, { limit, sort, after, ...filter }, examined);
            const ads = JSON.parse(`[${page.ads}]`) as { id: string }[];
            expect([ads.length, page.count <= limit]).toEqual([page.count, true]);
            seen.push(...ads.map(({ id }) => Number(id.slice(3))));
            after = page.next;
          } while (after !== undefined);
          const inOrder = sort === 'oldest' ? expected : expected.toReversed();
          expect([filter, limit, examined, seen]).toEqual([filter, limit, examined, inOrder]);
        }
      }
    }
  });

  it('ends a page of large ads early', async () => {
    await rows(
      server,
      `INSERT INTO ads (id, image_url, target_url, created_at)
       SELECT 'ad-' || i, repeat('x', 1500000), '', timestamptz '2026-01-01' + i * interval '1 second'
       FROM generate_series(1, 3) i`,
    );
    const page = await readAdsPage(server, { limit: 10, after: undefined });
    expect([page.count, page.next?.[1]]).toEqual([2, 'ad-2']);
    expect(await readAdsPage(server, { limit: 10, after: page.next })).toMatchObject({ count: 1, next: undefined });
  });

  it('does not depend on the DateStyle of a session', async () => {
    await insert(1, 2);
    await rows(server, "SET datestyle = 'German'");
    expect(JSON.parse(`[${(await readAdsPage(server, { limit: 2, after: undefined })).ads}]`)[0].created_at).toMatch(
      /^\d{4}-.*Z$/,
    );
  });
});

describe('while Postgres is unavailable', () => {
  let postgres: LocalProcess;
  let pool: pg.Pool;
  beforeAll(async () => {
    postgres = await testServers.postgres();
    pool = openPool(postgres.env, { max: 3, connectionTimeoutMillis: 2_000 });
    testServers.onRelease(() => pool.end());
  });

  const database: Database = {
    async query<Row extends object>(_operation: string, text: string, values: readonly unknown[] = []) {
      return (await pool.query(text, [...values])).rows.map((row) => ({
        ...row,
        read_at: Number(row.read_at),
      })) as Row[];
    },
  };
  const openCatalogue = (patienceMs: number) => {
    const catalogue = createAdCatalogue({ database, refreshMs: 200, patienceMs });
    testServers.onRelease(catalogue.stop);
    return catalogue;
  };

  it('keeps its ids, reports their age and the reason, and recovers without help', async () => {
    const catalogue = openCatalogue(1_000);
    await catalogue.start(60_000);
    expect(catalogue.failure()).toBeUndefined();
    await postgres.kill();
    await waitFor(() => catalogue.failure() !== undefined, {
      what: 'the catalogue to report a failure',
      timeoutMs: 30_000,
    });
    expect([catalogue.has('ad-001'), await catalogue.find('ad-001', '')]).toEqual([true, 'known']);
    expect(await catalogue.find('ad-nobody-knows', '')).toBe('unverified');
    const age = catalogue.age();
    await waitFor(() => catalogue.age() > age + 0.2, { what: 'the age to grow', timeoutMs: 30_000 });
    await postgres.start();
    await waitFor(() => catalogue.failure() === undefined && catalogue.age() < age + 0.2, {
      what: 'the catalogue to be read again',
      timeoutMs: 30_000,
    });
    expect(await catalogue.find('ad-nobody-knows', '')).toBe('unknown');
  });

  it('starts without waiting for a Postgres that hangs', async () => {
    postgres.pause();
    try {
      const catalogue = openCatalogue(50);
      await catalogue.start(50);
      expect([catalogue.isLoaded(), catalogue.has('ad-001')]).toEqual([false, false]);
      expect(await catalogue.find('ad-001', '')).toBe('unverified');
      postgres.resume();
      await waitFor(() => catalogue.isLoaded(), { what: 'the catalogue to be read', timeoutMs: 30_000 });
      expect(catalogue.has('ad-001')).toBe(true);
    } finally {
      postgres.resume();
    }
  });
});

import { openPool, openTestServers } from '@ads/local';
import { readCursor } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createCatalogueRanking } from '../src/catalogue-ranking.js';
import { toWindows } from '../src/counters.js';
import { createAllAdsReader } from '../src/live/read-all-ads.js';

const testServers = openTestServers();
const NOW = Date.UTC(2026, 10, 22, 12, 30, 15);
const SECOND = NOW / 1_000;
let pool: pg.Pool;
let queries = 0;
let ledger = 'one';

beforeAll(async () => {
  pool = openPool(await testServers.database());
  testServers.onRelease(() => pool.end());
  await pool.query(`TRUNCATE ads`);
  await pool.query(`INSERT INTO ads (id, image_url, target_url)
    SELECT 'ad-' || lpad(i::text, 3, '0'), '', '' FROM generate_series(1, 100) i`);
  // Clicks of 60 ads, several with equal counts, and of deleted ads.
  await pool.query(
    `INSERT INTO ad_totals SELECT 'ad-' || lpad(i::text, 3, '0'), i % 7, 1 FROM generate_series(1, 60) i`,
  );
  await pool.query(`INSERT INTO ad_totals VALUES ('deleted-1', 1000, 0), ('deleted-2', 3, 0)`);
  await pool.query(
    `INSERT INTO counts_per_second VALUES ('ad-003', $1, 2), ('ad-003', $1::bigint - 59, 2), ('ad-004', $1::bigint - 60, 9),
       ('ad-005', $1::bigint + 1, 9), ('deleted-1', $1, 5), ('ad-006', $1::bigint - 3599, 1), ('ad-007', $1::bigint - 3600, 1)`,
    [SECOND],
  );
  await pool.query(
    `INSERT INTO counts_per_minute VALUES ('ad-008', $1, 1), ('ad-009', $1::bigint - 1439, 2), ('ad-010', $1::bigint - 1440, 9)`,
    [Math.floor(SECOND / 60)],
  );
});
afterAll(testServers.release);

const database = {
  async query<Row extends object>(_operation: string, text: string, values: readonly unknown[] = []) {
    queries += 1;
    const { rows } = await pool.query(text, [...values]);
    const read = ([name, value]: [string, unknown]) => [name, name.endsWith('s') ? Number(value) : value];
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(read))) as Row[];
  },
};

function open(chunkAds: number) {
  return createCatalogueRanking({
    database,
    maxAgeMs: 60_000,
    ledger: () => ledger,
    now: () => NOW,
    chunkAds,
  });
}

/** All ads, read page by page. */
async function readAll(rank: ReturnType<typeof open>, limit: number): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await rank(undefined, limit, cursor === null ? undefined : readCursor(cursor), 'client');
    expect(page.adIds.length).toBe(Math.min(limit, 100 - seen.length));
    seen.push(...page.adIds);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return seen;
}

describe('a ranking by Postgres', () => {
  it.each([
    [1, 10],
    [7, 10],
    [10, 10],
    [33, 40],
    [100, 100],
    [100, 101],
    [500, 5_000],
  ])('lists each ad of the catalogue once, by clicks, in pages of %i from chunks of %i', async (limit, chunk) => {
    const { rows } = await pool.query(
      `SELECT id FROM ads LEFT JOIN ad_totals ON ad_id = id ORDER BY coalesce(clicks, 0) DESC, id`,
    );
    expect(await readAll(open(chunk), limit)).toEqual(rows.map(({ id }) => id));
  });

  it.each([
    ['1m', ['ad-003', 'ad-001']],
    ['5m', ['ad-004', 'ad-003', 'ad-001']],
    ['1h', ['ad-004', 'ad-003', 'ad-006', 'ad-001']],
    ['24h', ['ad-009', 'ad-008', 'ad-001']],
  ] as const)('counts the clicks of %s exactly, and omits deleted ads', async (timeframe, ids) => {
    expect((await open(100)(timeframe, ids.length, undefined, 'client')).adIds).toEqual(ids);
  });

  it('runs one query for all callers whose pages are in the same chunk', async () => {
    const rank = open(50);
    queries = 0;
    const pages = await Promise.all([10, 20, 50, 10].map((limit) => rank(undefined, limit, undefined, 'client')));
    const [first] = pages;
    await rank(undefined, 10, readCursor(first?.nextCursor ?? ''), 'client');
    expect(queries).toBe(1);
    ledger = 'another';
    await rank(undefined, 10, undefined, 'client');
    expect(queries).toBe(2);
  });

  it('refuses further pages to a client with too many waiting ones, and lets the others take turns', async () => {
    const rank = open(50);
    queries = 0;
    // One is read, 20 wait.
    const asked = Array.from({ length: 31 }, (_, i) => rank(undefined, 10, [0, `ad-${i}`], 'hostile'));
    const results = Promise.allSettled(asked);
    await rank(undefined, 10, undefined, 'honest');
    expect(queries).toBeLessThan(5);
    const refused = (await results).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: { status: 503 } });
  });
});

it('the live stream of all ads shows the sums of the catalogue, and its busiest ads', async () => {
  const read = createAllAdsReader({
    catalogue: { ids: () => undefined, size: () => 100 },
    rank: open(50),
    database,
    now: () => NOW + 1_000,
    readAll: () => Promise.reject(new Error('the list is too long')),
    readSome: async (adIds) => ({
      source: 'redis',
      time: NOW,
      counters: adIds.map((adId) => ({
        adId,
        clicks: 7,
        impressions: 1,
        lastSecond: { clicks: 0, impressions: 0 },
        windows: {
          clicks: toWindows([adId === 'ad-003' ? 4 : 0, 0, 0, 0, 0]),
          impressions: toWindows([0, 0, 0, 0, 0]),
        },
      })),
    }),
  });
  const { state, time } = await read();
  const { rows } = await pool.query('SELECT sum(clicks)::integer AS clicks FROM ad_totals JOIN ads ON id = ad_id');
  expect(time).toBe(NOW + 1_000);
  expect(state).toMatchObject({
    source: 'postgres',
    all: {
      totalAds: 100,
      counts: { clicks: rows[0].clicks, impressions: 60, lastSecond: { clicks: 2, impressions: 0 } },
    },
  });
  expect(state.ads.map(({ adId }) => adId).slice(0, 2)).toEqual(['ad-003', 'ad-001']);
  expect(state.ads).toHaveLength(10);
});

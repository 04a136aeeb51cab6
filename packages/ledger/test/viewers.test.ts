import { createHmac } from 'node:crypto';
import { openTestServers, waitFor } from '@ads/local';
import { type AdEvent, derivedId } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createViewerSalts, type Database, dayOf, renewViewerSalts } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { countReusedSessions } from '../src/session-reuse.js';
import { click, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

let database: Database;
beforeAll(async () => {
  database = openDatabase(testServers, await testServers.database());
});

/** The salts in hexadecimal digits by their days from today. */
async function stored(): Promise<Record<number, string>> {
  const rows = await database.query<{ ahead: number; salt: string }>(
    'test',
    "SELECT day - (now() AT TIME ZONE 'UTC')::date AS ahead, encode(salt, 'hex') AS salt FROM viewer_salts",
  );
  return Object.fromEntries(rows.map(({ ahead, salt }) => [ahead, salt]));
}

it('salts are made by the migration and for two days ahead, and deleted two days after the end of their day', async () => {
  const first = await stored();
  expect(Object.keys(first)).toEqual(['0', '1', '2']);
  expect(new Set(Object.values(first)).size).toBe(3);
  await database.query('test', 'UPDATE viewer_salts SET day = day - 3');
  expect(await Promise.all([1, 2].map(() => renewViewerSalts(database)))).toContain(3);
  expect(await stored()).toEqual({
    ...{ '-2': first[1], '-1': first[2] },
    ...{ 0: expect.any(String), 1: expect.any(String), 2: expect.any(String) },
  });
  expect(await renewViewerSalts(database)).toBe(0);
});

describe('a copy of the salts', () => {
  it('keeps them without Postgres and without rows, and takes the new ones after a crash', async () => {
    let isAway = false;
    const salts = createViewerSalts({
      database: {
        query: async (...statement) => {
          if (isAway) throw new Error('away');
          return await database.query(...statement);
        },
      },
      now: Date.now,
      refreshMs: 10,
    });
    testServers.onRelease(salts.stop);
    await salts.start(10_000);
    const today = dayOf(Date.now());
    const hash = () => salts.hashOf(today)?.('203.0.113.7|UA', 'hex');
    const hmac = async () =>
      createHmac('sha256', Buffer.from((await stored())[0] ?? '', 'hex'))
        .update('203.0.113.7|UA')
        .digest('hex');
    const before = await hmac();
    expect([hash(), salts.hashOf(today - 7), salts.isLoaded()]).toEqual([before, undefined, true]);

    isAway = true;
    await waitFor(() => String(salts.failure()).includes('away'), { what: 'a failed read', timeoutMs: 10_000 });
    isAway = false;
    await waitFor(() => salts.failure() === undefined, { what: 'a read', timeoutMs: 10_000 });
    await database.query('test', 'TRUNCATE viewer_salts');
    await waitFor(() => String(salts.failure()).includes('has no salt of today'), {
      what: 'a read of no salts',
      timeoutMs: 10_000,
    });
    expect(hash()).toBe(before);

    await renewViewerSalts(database);
    await waitFor(() => hash() !== before, { what: 'a new salt', timeoutMs: 10_000 });
    expect([hash(), salts.failure()]).toEqual([await hmac(), undefined]);
  });
});

describe('the reuse of sessions', () => {
  const MIDNIGHT = Date.UTC(2026, 0, 3);
  const sid = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';
  const pixel = (receivedAt: number, viewer: string, adId = 'ad-001'): AdEvent => ({
    ...click(receivedAt, { kind: 'start', adId, labels: { session_id: sid }, viewer, receivedAt }),
    id: derivedId(MIDNIGHT, [sid, adId]),
  });
  const reusedIn = async (...events: AdEvent[]) =>
    await countReusedSessions(database, events, await recordBatch(database, events));

  it('is counted by ad and day for events of other viewers than the stored one', async () => {
    const first = MIDNIGHT - 1_800_000;
    expect(await reusedIn(pixel(first, '7'))).toBe(0);
    expect(await reusedIn(pixel(first, '7'), pixel(first + 1, '7'), click(first))).toBe(0);
    expect(await reusedIn(pixel(first, '8'), pixel(first, '-9'), pixel(first, '7'))).toBe(2);
    // All viewers have other hashes on the next day.
    expect(await reusedIn(pixel(MIDNIGHT + 1_799_000, '10'))).toBe(0);
    expect(await reusedIn(pixel(MIDNIGHT + 1_801_000, '10'))).toBe(1);
    // None is stored before.
    expect(await reusedIn(...['7', '8', '8', '7'].map((viewer) => pixel(first, viewer, 'ad-002')))).toBe(2);
    expect(await rows(database, 'SELECT ad_id, day::text, events FROM session_reuse ORDER BY ad_id, day')).toEqual([
      { ad_id: 'ad-001', day: '2026-01-02', events: 2 },
      { ad_id: 'ad-001', day: '2026-01-03', events: 1 },
      { ad_id: 'ad-002', day: '2026-01-02', events: 2 },
    ]);
  });

  it('is not the repetition of an event whose id is not that of a session', async () => {
    const event = click(MIDNIGHT, { labels: { session_id: sid }, viewer: '7' });
    expect(await reusedIn(event)).toBe(0);
    expect(await reusedIn({ ...event, viewer: '8' })).toBe(0);
  });
});

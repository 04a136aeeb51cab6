import { randomUUID } from 'node:crypto';
import { openTestServers, type Variables } from '@ads/local';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { seeded } from '../../models/test/seeded.js';
import {
  buildDays,
  type Database,
  noteRecorded,
  readIdentity,
  recount,
  removeOldEvents,
  wantDays,
} from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, expectExactRollups, randomEvents, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
let database: Database;
let env: Variables;
afterAll(testServers.release);
beforeEach(async () => {
  env = await testServers.database();
  database = openDatabase(testServers, env);
});

const DAY = 86_400_000;
const at = Date.now();
const connection = () => ({
  host: env.POSTGRES_HOST,
  port: Number(env.POSTGRES_PORT),
  user: env.POSTGRES_USER,
  password: env.POSTGRES_PASSWORD,
  database: env.POSTGRES_DB,
});

describe('a recount', () => {
  it('sets the rollups to the counts of the stored events, and gives the ledger a new identity', async () => {
    await recordBatch(database, randomEvents(seeded(31), 600, at, 2 * 3_600_000));
    await rows(database, "DELETE FROM ad_events WHERE ad_id = 'ad-002' OR right(id::text, 1) < '8'");
    await rows(database, "DELETE FROM counts_per_minute WHERE ad_id = 'ad-003'");
    await rows(database, "UPDATE counts_per_second SET clicks = clicks + 7 WHERE ad_id = 'ad-001'");
    const before = await readIdentity(database);
    const [stored] = await rows(database, 'SELECT count(*) AS events FROM ad_events');
    const found = await recount(connection(), LEAST_MINUTES_KEPT);
    expect(found).toMatchObject({
      ...stored,
      totals: 3,
      minutes: expect.any(Number),
      seconds: expect.any(Number),
      quarter_hours: expect.any(Number),
      labels: expect.any(Number),
      play_seconds: expect.any(Number),
    });
    await expectExactRollups(database);
    expect(await readIdentity(database)).not.toBe(before);
    const corrected = { totals: 0, minutes: 0, seconds: 0, quarter_hours: 0, labels: 0, play_seconds: 0 };
    expect(await recount(connection(), LEAST_MINUTES_KEPT)).toEqual({ ...stored, ...corrected });
  });

  it('is exact during live recording, which waits for it and then continues', async () => {
    let recording = true;
    const random = seeded(32);
    const writers = Promise.all(
      [0, 1, 2].map(async () => {
        for (let batch = 0; batch < 40; batch += 1) await recordBatch(database, randomEvents(random, 20, at, 600_000));
      }),
    ).finally(() => {
      recording = false;
    });
    let recounts = 0;
    while (recording) {
      await rows(database, 'DELETE FROM ad_events WHERE id IN (SELECT id FROM ad_events LIMIT 10)');
      await recount(connection(), LEAST_MINUTES_KEPT);
      recounts += 1;
    }
    await writers;
    await recount(connection(), LEAST_MINUTES_KEPT);
    expect(recounts).toBeGreaterThan(1);
    await expectExactRollups(database);
  });

  it('does not change counts of periods whose events may have been removed', async () => {
    const quarterHour = 900_000;
    const removed = Math.floor(at / quarterHour) * quarterHour - 2 * quarterHour;
    const parts = { playTimeMs: 5_000, labels: { placement: 'top' } };
    const old = click(at, { occurredAt: removed, receivedAt: at - 60 * DAY, ...parts });
    const beside = click(at, { occurredAt: removed + quarterHour - 1 });
    const after = click(at, { occurredAt: removed + quarterHour });
    for (const event of [old, beside, after]) Object.assign(event, { id: randomUUID().replace(/^./, 'f') });
    await recordBatch(database, [old, beside, after]);
    const counts = () => rows(database, 'SELECT quarter_hour, clicks FROM counts_per_quarter_hour ORDER BY 1');
    const exact = await counts();
    await noteRecorded(database, at);
    expect(await removeOldEvents(database, 30)).toMatchObject({ deleted: 1 });
    expect(new Set(Object.values({ ...(await recount(connection(), LEAST_MINUTES_KEPT)), events: 0 }))).toEqual(
      new Set([0]),
    );

    await rows(
      database,
      `UPDATE counts_per_quarter_hour SET clicks = 9 WHERE quarter_hour = ${removed / quarterHour + 1}`,
    );
    await rows(database, 'UPDATE counts_per_minute SET clicks = clicks + 7');
    await rows(database, 'UPDATE ad_totals SET clicks = 99');
    expect(await recount(connection(), LEAST_MINUTES_KEPT)).toMatchObject({ totals: 1, minutes: 1, quarter_hours: 1 });
    expect(await counts()).toEqual(exact);
    expect(await rows(database, 'SELECT clicks FROM ad_totals')).toEqual([{ clicks: 3 }]);
  });

  it('removes the counts per day, which are built again', async () => {
    await recordBatch(database, [click(at - 3 * DAY)]);
    const client = new pg.Client(connection());
    await client.connect();
    const build = async () => {
      while ((await buildDays(client, at)) !== 'done');
    };
    await wantDays(database, [0]);
    await build();
    await rows(database, 'UPDATE counts_per_day SET clicks = 7');
    await recordBatch(database, [click(at - 3 * DAY)]);
    await recount(connection(), LEAST_MINUTES_KEPT);
    for (const table of ['counts_per_day', 'late_quarter_hours', 'day_offsets WHERE built_from IS NOT NULL']) {
      expect(await rows(database, `SELECT FROM ${table}`)).toEqual([]);
    }
    await build();
    expect(await rows(database, 'SELECT clicks FROM counts_per_day')).toEqual([{ clicks: 2 }]);
    await client.end();
  });

  it('creates no buckets beyond the retention', async () => {
    await recordBatch(database, [click(at), click(at - 60 * 3_600_000)]);
    await rows(database, 'DELETE FROM counts_per_second');
    await rows(database, 'DELETE FROM counts_per_minute');
    expect(await recount(connection(), LEAST_MINUTES_KEPT)).toMatchObject({ totals: 0, minutes: 1, seconds: 1 });
  });

  it('changes nothing when it fails', async () => {
    await recordBatch(database, [click(at)]);
    const before = await readIdentity(database);
    await rows(database, 'ALTER FUNCTION renew_ledger_identity(text) RENAME TO gone');
    await rows(database, 'DELETE FROM ad_events');
    await expect(recount(connection(), LEAST_MINUTES_KEPT)).rejects.toThrow('renew_ledger_identity');
    expect(await rows(database, 'SELECT clicks FROM ad_totals')).toEqual([{ clicks: 1 }]);
    expect(await readIdentity(database)).toBe(before);
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPool, openTestServers, type Variables } from '@ads/local';
import type { AdEvent, EventKind } from '@ads/models';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runner } from 'node-pg-migrate';
import { seeded } from '../../models/test/seeded.js';
import {
  type BackfillOptions,
  backfillReports,
  type Database,
  migrate,
  readDoubts,
  readIdentity,
  readTrust,
  rebuildCounters,
  recount,
} from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { expectExactRollups, randomEvents, readAllCounters, rows, visibleCounters } from './expected-counts.js';
import { openDatabase, openStore, type TestStore, withAround } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

/** The schema before quarter-hours were counted. */
const MIGRATIONS_BEFORE = 6;
const HOUR_MS = 3_600_000;
const at = Date.now();
const now = () => at;

let store: TestStore;
beforeAll(async () => {
  store = await openStore(testServers, await testServers.redis());
});

let database: Database;
let env: Variables;
const connection = () => ({
  host: env.POSTGRES_HOST ?? '',
  port: Number(env.POSTGRES_PORT),
  user: env.POSTGRES_USER ?? '',
  password: env.POSTGRES_PASSWORD ?? '',
  database: env.POSTGRES_DB ?? '',
});

beforeEach(async () => {
  const variables = await testServers.database();
  const name = `${variables.POSTGRES_DB}_old`;
  await openDatabase(testServers, variables).query('test', `CREATE DATABASE ${name}`);
  env = { ...variables, POSTGRES_DB: name };
  await runner({
    dir: fileURLToPath(new URL('../migrations', import.meta.url)),
    migrationsTable: 'migrations',
    direction: 'up',
    count: MIGRATIONS_BEFORE,
    databaseUrl: connection(),
    log: () => undefined,
  });
  database = openDatabase(testServers, env);
  await rows(
    database,
    "INSERT INTO ads (id, image_url, target_url) SELECT 'ad-00' || n, '', '' FROM generate_series(1, 3) n",
  );
});

const KINDS_BEFORE: readonly EventKind[] = ['click', 'impression'];
const eventsBefore = (random: () => number, count: number, spread: number) =>
  randomEvents(random, count, at, spread, KINDS_BEFORE).map(({ labels: _labels, ...event }) => event);

/** The statement of the previous release, without its answer. */
const RECORD_BEFORE = readFileSync(new URL('record-batch-before-reports.sql', import.meta.url), 'utf8');

async function recordBefore(events: readonly AdEvent[]): Promise<void> {
  const column = (read: (event: AdEvent) => unknown) => events.map((event) => read(event) ?? null);
  await database.query('test', RECORD_BEFORE, [
    column(({ id }) => id),
    column(({ kind }) => kind),
    column(({ adId }) => adId),
    column(({ ip }) => ip),
    column(({ occurredAt }) => occurredAt),
    column(({ playTimeMs }) => playTimeMs),
  ]);
}

const backfill = (changes: Partial<BackfillOptions> = {}) =>
  backfillReports({ database, store, now, minutesKept: LEAST_MINUTES_KEPT, ...changes });

async function backfillAll(options: Partial<BackfillOptions>): Promise<number> {
  let steps = 0;
  for (let more = true; more; steps += 1) more = (await backfill(options))?.more ?? false;
  return steps;
}

describe('the backfill of reports', () => {
  it('counts exactly the events from before the migration, while live batches repeat some of them', async () => {
    const random = seeded(71);
    const before = eventsBefore(random, 2_000, 30 * HOUR_MS);
    await recordBefore(before);
    await migrate(connection(), () => undefined);
    const live = (async () => {
      for (let batch = 0; batch < 30; batch += 1) {
        const repeated = before.slice(batch * 10, batch * 10 + 20);
        await recordBatch(database, [...repeated, ...randomEvents(random, 30, at, 30 * HOUR_MS)]);
      }
    })();
    expect(await backfillAll({ eventsPerStep: 100 })).toBeGreaterThan(15);
    await live;
    await expectExactRollups(database);
    expect(await backfill()).toBeUndefined();
    expect(await rows(database, 'SELECT next_id, events FROM report_backfill')).toEqual([
      { next_id: null, events: 2_000 },
    ]);
  });

  it('is resumed where its process was killed, and counts nothing twice in several processes', async () => {
    await recordBefore(eventsBefore(seeded(72), 3_000, 200 * HOUR_MS));
    await migrate(connection(), () => undefined);
    const victims = openPool(env, { max: 3 });
    testServers.onRelease(() => victims.end());
    victims.on('error', () => undefined);
    const killed: Database = {
      query: async (_operation, text, values) => (await victims.query(text, [...(values ?? [])])).rows,
    };
    let done = false;
    let interrupted = 0;
    const steps = Array.from({ length: 3 }, async () => {
      while (!done) {
        const step = await backfill({ database: killed, eventsPerStep: 50 }).catch(() => {
          interrupted += 1;
          return { more: true };
        });
        const [left] = await rows(database, 'SELECT FROM report_backfill WHERE next_id IS NOT NULL');
        done = left === undefined && step?.more !== true;
      }
    });
    // Some steps must come through between the kills.
    while (!done && interrupted < 4) {
      await rows(
        database,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '-- Counts events of before%' AND state = 'active' AND pid <> pg_backend_pid()
         LIMIT 1`,
      );
    }
    await Promise.all(steps);
    expect(interrupted).toBeGreaterThan(0);
    await expectExactRollups(database);
  });

  it('raises the impressions of the windows in Redis, or leaves a doubt', async () => {
    await recordBefore(eventsBefore(seeded(75), 600, 26 * HOUR_MS));
    await migrate(connection(), () => undefined);
    const ledger = (await readIdentity(database)) ?? '';
    await rebuildCounters(database, store, now);
    expect(await backfillAll({ eventsPerStep: 200 })).toBe(3);
    expect(await readDoubts(database)).toEqual([]);
    expect((await readTrust(store.shards(), ledger)).state).toBe('trusted');
    const held = Object.entries(await readAllCounters(store.redis)).filter(([key]) => key.startsWith(`ad:${ledger}:`));
    expect(Object.fromEntries(held)).toEqual(await visibleCounters(database, at));

    await rows(database, 'UPDATE ad_events SET in_reports = false');
    await rows(database, "UPDATE report_backfill SET next_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'");
    const failing = withAround(store, () => Promise.reject(new Error('Redis is unavailable')));
    expect(await backfill({ store: failing })).toEqual({ events: 600, more: false });
    expect(await readDoubts(database)).toHaveLength(1);
  });

  it('is left to a recount that comes first', async () => {
    await recordBefore(eventsBefore(seeded(73), 500, 3 * HOUR_MS));
    await migrate(connection(), () => undefined);
    await backfill({ eventsPerStep: 100 });
    await recount(connection(), LEAST_MINUTES_KEPT);
    expect(await backfill()).toBeUndefined();
    await expectExactRollups(database);
  });

  it('has nothing to do in a new database', async () => {
    await migrate(connection(), () => undefined);
    expect(await backfill()).toBeUndefined();
  });
});

describe('a writer of the previous release', () => {
  it('records nothing after the migration, and reads its windows until it is replaced', async () => {
    const [first, second] = randomEvents(seeded(74), 2, at, HOUR_MS).map((event) => ({
      ...event,
      kind: 'click' as const,
    }));
    await recordBefore([first as AdEvent]);
    await migrate(connection(), () => undefined);
    // 55000 is no error of the data: the batch is retried.
    await expect(recordBefore([second as AdEvent])).rejects.toMatchObject({ code: '55000' });
    expect(await rows(database, 'SELECT count(*)::integer FROM ad_events')).toEqual([{ count: 1 }]);
    expect(await rows(database, 'SELECT clicks FROM clicks_per_second')).toEqual([{ clicks: 1 }]);
    expect(await rows(database, 'SELECT clicks FROM clicks_per_minute')).toEqual([{ clicks: 1 }]);
  });
});

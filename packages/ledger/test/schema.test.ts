import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openBench, openPool, type Variables, waitFor } from '@ads/local';
import { uuidv7 } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, ensurePartitions, migrate, pruneSeconds } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, expectExactRollups, rows } from './books.js';
import { openDatabase } from './servers.js';

const bench = openBench();
afterAll(bench.release);

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
/** Far beyond what the migration made. */
const later = today + 100 * DAY;
let database: Database;
let variables: Variables;
beforeEach(async () => {
  variables = await bench.database();
  database = openDatabase(bench, variables);
});

const nameOf = (time: number) => `ad_events_${new Date(time).toISOString().slice(0, 10).replace(/-/g, '')}`;
const places = async () =>
  Object.fromEntries(
    (
      await database.query<{ id: string; place: string }>(
        'test',
        'SELECT id, tableoid::regclass AS place FROM ad_events',
      )
    ).map(({ id, place }) => [id, place]),
  );

describe('partitions', () => {
  it('are there for the coming days from the first moment, and ids of today go into that of today', async () => {
    const ids = [today, today + DAY - 1, today + DAY].map(uuidv7);
    await recordBatch(
      database,
      ids.map((id) => click(today, { id })),
    );
    expect(Object.values(await places()).sort()).toEqual([nameOf(today), nameOf(today), nameOf(today + DAY)].sort());
  });

  it('are made where they are missing, once, however many make them at the same time', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => ensurePartitions(database, later)));
    expect(made.reduce((sum, one) => sum + one)).toBe(14);
    expect(await ensurePartitions(database, later + DAY)).toBe(1);
  });

  it('take over the rows of their day from the default one, which keeps the others', async () => {
    const early = uuidv7(later + 3_600_000);
    const next = uuidv7(later + 20 * DAY);
    const foreign = `f${randomUUID().slice(1)}`;
    const batch = [early, next, foreign].map((id) => click(today, { id }));
    await recordBatch(database, batch);
    expect(await places()).toEqual({
      [early]: 'ad_events_default',
      [next]: 'ad_events_default',
      [foreign]: 'ad_events_foreign',
    });
    await ensurePartitions(database, later);
    expect(await places()).toEqual({
      [early]: nameOf(later),
      [next]: 'ad_events_default',
      [foreign]: 'ad_events_foreign',
    });
    // Ids are known wherever their rows are.
    expect((await recordBatch(database, batch)).added).toEqual({ click: 0, impression: 0 });
    await expectExactRollups(database);
  });

  it('are made beside live recording, though its clocks run ahead into the very days', async () => {
    const days = Array.from({ length: 14 }, (_, day) => later + day * DAY);
    let making = true;
    let recorded = 0;
    const failures: unknown[] = [];
    const recording = Promise.all(
      [0, 1, 2].map(async () => {
        while (making) {
          const batch = days.map((day) => click(today, { id: uuidv7(day) }));
          // As the consumer does: what failed is tried again.
          for (let done = false; !done; ) {
            await recordBatch(database, batch).then(
              () => {
                done = true;
              },
              (error: unknown) => failures.push(error),
            );
          }
          recorded += batch.length;
        }
      }),
    );
    try {
      expect(await ensurePartitions(database, later)).toBe(14);
    } finally {
      making = false;
      await recording;
    }
    expect(failures).toEqual([]);
    expect(Object.keys(await places())).toHaveLength(recorded);
    await expectExactRollups(database);
    expect(await rows(database, 'SELECT id FROM ad_events_default')).toEqual([]);
  });
});

describe('pruning', () => {
  it('deletes the seconds that no window sees, however many, and keeps minutes, totals and all that is visible', async () => {
    const now = Date.now();
    const second = Math.floor(now / 1_000);
    await database.query(
      'test',
      `INSERT INTO clicks_per_second SELECT 'ad-001', second, 1 FROM generate_series(${second - 40_000}, ${second}) second`,
    );
    await database.query('test', "INSERT INTO clicks_per_minute VALUES ('ad-001', 1, 1)");
    expect(await pruneSeconds(database, now)).toBeGreaterThan(20_000);
    const [left] = await database.query<{ oldest: number; count: number }>(
      'test',
      'SELECT min(second) AS oldest, count(*) AS count FROM clicks_per_second',
    );
    expect(left?.oldest).toBeLessThanOrEqual(second - 3_600);
    expect(left?.oldest).toBeGreaterThan(second - 40_000);
    expect(left?.count).toBe(second - (left?.oldest ?? 0) + 1);
    expect(await pruneSeconds(database, now)).toBe(0);
    expect(await rows(database, 'SELECT * FROM clicks_per_minute')).toHaveLength(1);
  });
});

const PLAY_TIME_IN_MILLISECONDS = new URL('../migrations/6_play_time_in_milliseconds.sql', import.meta.url);

async function waitingForLocks(pool: ReturnType<typeof openPool>): Promise<number> {
  const { rowCount } = await pool.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rowCount ?? 0;
}

describe('migrations', () => {
  async function emptyDatabase() {
    const name = `empty_${randomBytes(6).toString('hex')}`;
    await database.query('test', `CREATE DATABASE ${name}`);
    return {
      host: variables.POSTGRES_HOST ?? '',
      port: Number(variables.POSTGRES_PORT),
      user: variables.POSTGRES_USER ?? '',
      password: variables.POSTGRES_PASSWORD ?? '',
      database: name,
    };
  }

  it('are run once, by one of those who start together, and change nothing the next time', async () => {
    const connection = await emptyDatabase();
    const done = await Promise.all([1, 2, 3].map(() => migrate(connection, () => undefined)));
    expect(done.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(connection, () => undefined)).toEqual([]);
    const migrated = openDatabase(bench, { ...variables, POSTGRES_DB: connection.database });
    await migrated.query('test', "INSERT INTO ads (id, image_url, target_url) VALUES ('ad-001', '', '')");
    expect((await recordBatch(migrated, [click(Date.now())])).added).toEqual({ click: 1, impression: 0 });
  });

  it('do not stop recording while an addition to the table of events waits for a long transaction', async () => {
    await database.query('test', 'ALTER TABLE ad_events DROP COLUMN play_time_ms');
    const pool = openPool(variables, { max: 3 });
    bench.onRelease(() => pool.end());
    const reader = await pool.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT FROM ad_events');
    let isAdded = false;
    const adding = pool.query(readFileSync(PLAY_TIME_IN_MILLISECONDS, 'utf8')).then(() => {
      isAdded = true;
    });
    // As the release before records: it waits for no longer than one attempt of the migration.
    const insert = `INSERT INTO ad_events VALUES (gen_random_uuid(), 'click', 'ad-001', '::1', now(), now(), null, 1)`;
    await waitFor(async () => (await waitingForLocks(pool)) > 0, { timeoutMs: 20_000, what: 'the migration to wait' });
    for (let recorded = 0; recorded < 3; recorded += 1) await pool.query(insert);
    expect(isAdded).toBe(false);
    await reader.query('COMMIT');
    reader.release();
    await adding;
    expect(await rows(database, 'SELECT play_time_ms FROM ad_events')).toEqual(Array(3).fill({ play_time_ms: null }));
  });

  it('take the time that they need, whatever an operator allows a statement of the services', async () => {
    const connection = await emptyDatabase();
    await database.query('test', `ALTER DATABASE ${connection.database} SET statement_timeout = 1`);
    expect(await migrate(connection, () => undefined)).not.toEqual([]);
  });
});

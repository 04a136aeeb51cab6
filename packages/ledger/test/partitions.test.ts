import { randomUUID } from 'node:crypto';
import { openPool, openTestServers, type Variables } from '@ads/local';
import { perKind, uuidv7 } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DAYS_AHEAD, type Database, ensurePartitions, readPartitionDays } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, expectExactRollups, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const DAY = 86_400_000;
const now = Date.now();
const today = Math.floor(now / DAY) * DAY;
/** The first day whose partitions the tests drop. */
const AHEAD = 5;
const later = today + AHEAD * DAY;

let database: Database;
let variables: Variables;
beforeEach(async () => {
  variables = await testServers.database();
  database = openDatabase(testServers, variables);
});

const nameOf = (time: number) => `ad_events_${new Date(time).toISOString().slice(0, 10).replace(/-/g, '')}`;
const defaultOf = (time: number) => `ad_events_default_${new Date(time).getUTCFullYear()}`;
const countOf = async (table: string) => {
  const [row] = await database.query<{ count: number }>('test', `SELECT count(*) FROM ${table}`);
  return row?.count ?? 0;
};
const places = async () =>
  Object.fromEntries(
    (
      await database.query<{ id: string; place: string }>(
        'test',
        'SELECT id, tableoid::regclass AS place FROM ad_events',
      )
    ).map(({ id, place }) => [id, place]),
  );

/** The state after days without a consumer: the last days have no partition. */
async function dropLastDays(): Promise<void> {
  for (let day = AHEAD; day <= DAYS_AHEAD; day += 1) {
    await database.query('test', `DROP TABLE IF EXISTS ${nameOf(today + day * DAY)}`);
  }
}

/** Creates the missing partitions, and throws the first failure. */
async function ensureAll(over: Database): Promise<number> {
  const failures: unknown[] = [];
  const made = await ensurePartitions(over, { onFailure: (_day, error) => failures.push(error) });
  if (failures.length > 0) throw failures[0];
  return made;
}

/** Inserts clicks into the day `later` without the ledger; the first 48 bits of their ids are the time. */
async function fillDefault(count: number): Promise<void> {
  await database.query(
    'test',
    `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at)
     SELECT (lpad(to_hex($1::bigint + n * 80), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
            'click', 'ad-001', '203.0.113.9', now(), now()
     FROM generate_series(1, $2::integer) n`,
    [later, count],
  );
}

async function expectEachOnce(wanted: number): Promise<void> {
  expect(await rows(database, 'SELECT count(*), count(DISTINCT (id, kind)) AS ids FROM ad_events')).toEqual([
    { count: wanted, ids: wanted },
  ]);
}

describe('partitions', () => {
  it('exist for the coming days after the migrations, and ids of today are stored in that of today', async () => {
    expect(await readPartitionDays(database)).toBe(DAYS_AHEAD);
    const ids = [today, today + DAY - 1, today + DAY].map(uuidv7);
    await recordBatch(
      database,
      ids.map((id) => click(now, { id })),
    );
    expect(Object.values(await places()).sort()).toEqual([nameOf(today), nameOf(today), nameOf(today + DAY)].sort());
  });

  it('are created once if they are missing, also by several processes at the same time', async () => {
    await dropLastDays();
    expect(await readPartitionDays(database)).toBe(AHEAD);
    const made = await Promise.all([1, 2, 3, 4].map(() => ensureAll(database)));
    expect(made.reduce((sum, one) => sum + one)).toBe(DAYS_AHEAD - AHEAD);
    expect(await ensureAll(database)).toBe(0);
    expect(await readPartitionDays(database)).toBe(DAYS_AHEAD);
  });

  it('receive the rows of their day from the default partition, which keeps the others', async () => {
    await dropLastDays();
    const early = uuidv7(later + 3_600_000);
    const next = uuidv7(later + 20 * DAY);
    const past = uuidv7(0);
    const chance = `03ff${randomUUID().slice(4)}`;
    const foreign = `f${randomUUID().slice(1)}`;
    const batch = [early, next, past, chance, foreign].map((id) => click(now, { id }));
    await recordBatch(database, batch);
    const others = {
      [next]: defaultOf(later + 20 * DAY),
      [past]: 'ad_events_default_past',
      [chance]: 'ad_events_default_later',
      [foreign]: 'ad_events_foreign',
    };
    expect(await places()).toEqual({ ...others, [early]: defaultOf(later) });
    await ensureAll(database);
    expect(await places()).toEqual({ ...others, [early]: nameOf(later) });
    // A repeated id is recognised in any partition.
    expect((await recordBatch(database, batch)).added).toEqual(perKind(() => 0));
    await expectExactRollups(database);
  });

  it('are created during live recording of ids of the same days', async () => {
    await dropLastDays();
    const days = Array.from({ length: DAYS_AHEAD - AHEAD }, (_, day) => later + day * DAY);
    let making = true;
    let recorded = 0;
    const recording = Promise.all(
      [0, 1, 2].map(async () => {
        while (making) {
          const batch = days.map((day) => click(now, { id: uuidv7(day) }));
          await recordBatch(database, batch);
          recorded += batch.length;
        }
      }),
    );
    try {
      while ((await readPartitionDays(database)) < DAYS_AHEAD) await ensureAll(database);
    } finally {
      making = false;
      await recording;
    }
    expect(Object.keys(await places())).toHaveLength(recorded);
    await expectExactRollups(database);
    expect(await rows(database, 'SELECT id FROM ad_events_default')).toEqual([]);
  });
});

describe('a day whose rows fill the default partition', () => {
  const ROWS = 300_000;
  /** A move of all rows in one statement takes longer than this. */
  const TIMEOUT_MS = 1_000;
  let upkeep: Database;
  beforeEach(async () => {
    await dropLastDays();
    const pool = openPool(variables, { max: 1, statement_timeout: TIMEOUT_MS });
    testServers.onRelease(() => pool.end());
    upkeep = {
      query: async <Row extends object>(_operation: string, text: string, values: readonly unknown[] = []) =>
        (await pool.query(text, [...values])).rows as Row[],
    };
  });

  it('gets its partition in short steps, and recording continues meanwhile', async () => {
    await fillDefault(ROWS);
    const stored = await database.query<{ id: string }>(
      'test',
      'SELECT id FROM ad_events ORDER BY random() LIMIT 2000',
    );
    let moving = true;
    let batches = 0;
    let fresh = 0;
    const added = perKind(() => 0);
    const recording = (async () => {
      while (moving) {
        const again = Array.from({ length: 50 }, () => stored[Math.floor(Math.random() * stored.length)]?.id ?? '');
        const brandNew = Array.from({ length: 50 }, () => uuidv7(later + Math.floor(Math.random() * DAY)));
        const result = await recordBatch(
          database,
          [...new Set([...again, ...brandNew])].map((id) => click(now, { id })),
        );
        fresh += brandNew.length;
        added.click += result.added.click;
        batches += 1;
      }
    })();
    try {
      // A failed step is retried, as in the consumer.
      while ((await readPartitionDays(database)) < DAYS_AHEAD) {
        await ensurePartitions(upkeep, { onFailure: () => undefined });
      }
    } finally {
      moving = false;
      await recording;
    }
    // Redelivered events were recognised throughout, in the default partition and after their move.
    expect(added).toEqual({ ...perKind(() => 0), click: fresh });
    expect(batches).toBeGreaterThan(5);
    await expectEachOnce(ROWS + fresh);
    expect(await countOf('ad_events_default')).toBe(0);
  });

  it('keeps each row exactly once when the upkeep is killed repeatedly', async () => {
    // Enough for many steps.
    const count = 100_000;
    await fillDefault(count);
    const stored = await database.query<{ id: string }>('test', 'SELECT id FROM ad_events ORDER BY random() LIMIT 500');
    const again = stored.map(({ id }) => click(now, { id }));
    let kills = 0;
    for (let waited = 20; (await readPartitionDays(database)) < DAYS_AHEAD; waited += 60) {
      const stopping = new AbortController();
      const making = ensurePartitions(upkeep, { signal: stopping.signal, onFailure: () => undefined });
      await Promise.race([making, database.query('test', 'SELECT pg_sleep($1)', [waited / 1_000])]);
      stopping.abort();
      const killed = await rows(
        database,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND query LIKE '%ensure_event_partitions%' AND pid <> pg_backend_pid()`,
      );
      kills += killed.length;
      await making;
      expect((await recordBatch(database, again)).added).toEqual(perKind(() => 0));
    }
    expect(kills).toBeGreaterThan(0);
    await expectEachOnce(count);
    expect(await countOf('ad_events_default')).toBe(0);
  });

  it('neither waits for long reads of the default partition nor blocks them', async () => {
    // One step is enough to move these rows, but it waits for the lock.
    await fillDefault(1_000);
    const reader = await openPool(variables).connect();
    testServers.onRelease(() => reader.release(true));
    await reader.query('BEGIN');
    await reader.query('SELECT FROM ad_events_default LIMIT 1');
    expect(await ensureAll(upkeep)).toBe(0);
    expect(await readPartitionDays(database)).toBe(AHEAD);
    expect((await recordBatch(database, [click(now)])).added.click).toBe(1);
    await reader.query('COMMIT');
    expect(await ensureAll(upkeep)).toBeGreaterThan(0);
  });
});

describe('a day whose partition cannot be made', () => {
  it('is reported, and the following days get their partitions', async () => {
    await dropLastDays();
    const [from, to] = [uuidv7(later + 0.5 * DAY), uuidv7(later + 1.5 * DAY)];
    const inTheWay = `CREATE TABLE in_the_way PARTITION OF ad_events FOR VALUES FROM ('${from}') TO ('${to}')`;
    await database.query('test', inTheWay);
    const failed: number[] = [];
    const ensure = () => ensurePartitions(database, { onFailure: (day) => failed.push(day) });
    expect(await ensure()).toBe(DAYS_AHEAD - AHEAD - 2);
    expect(failed).toEqual([AHEAD, AHEAD + 1]);
    expect(await readPartitionDays(database)).toBe(AHEAD);
    await database.query('test', 'DROP TABLE in_the_way');
    expect(await ensure()).toBe(2);
    expect(await readPartitionDays(database)).toBe(DAYS_AHEAD);
  });
});

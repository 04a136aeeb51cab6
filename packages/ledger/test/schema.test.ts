import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPool, openTestServers, type Variables, waitFor } from '@ads/local';
import { perKind } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { type Database, migrate, readIdentity, renewIdentity } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { awaitSchema, readSchema, SCHEMA } from '../src/schema.js';
import { click, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

let database: Database;
let variables: Variables;
beforeEach(async () => {
  variables = await testServers.database();
  database = openDatabase(testServers, variables);
});

const PLAY_TIME_IN_MILLISECONDS = new URL('../migrations/6_play_time_in_milliseconds.sql', import.meta.url);

async function withClient(connection: pg.ClientConfig, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await work(client).finally(() => client.end());
}

/** The name of the newest migration of this release. */
const NEWEST = readdirSync(new URL('../migrations/', import.meta.url))
  .find((file) => file.startsWith(`${SCHEMA}_`))
  ?.replace('.sql', '');

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

  /** The schema after the first `count` migrations. */
  async function migrateTo(count: number, connection: Awaited<ReturnType<typeof emptyDatabase>>): Promise<Database> {
    const dir = fileURLToPath(new URL('../migrations', import.meta.url));
    const settings = { dir, migrationsTable: 'migrations', direction: 'up', log: () => undefined } as const;
    await runner({ ...settings, count, databaseUrl: connection });
    return openDatabase(testServers, { ...variables, POSTGRES_DB: connection.database });
  }

  it('number up to the one that services wait for', async () => {
    const numbers = readdirSync(new URL('../migrations', import.meta.url)).map((file) => Number.parseInt(file, 10));
    expect(Math.max(...numbers)).toBe(SCHEMA);
    const { database: name } = await emptyDatabase();
    expect(await readSchema(openDatabase(testServers, { ...variables, POSTGRES_DB: name }))).toBe(0);
  });

  it('say whether they lock', () => {
    const folder = new URL('../migrations/', import.meta.url);
    const silent = readdirSync(folder).filter(
      (file) =>
        !/^(?:-- Up Migration\n)?-- (?:Expand|Contract)\. Locks: .+\.\n/.test(
          readFileSync(new URL(file, folder), 'utf8'),
        ),
    );
    expect(silent).toEqual([]);
  });

  it('of a newer release leave the services of this one ready, and its migrations run nothing', async () => {
    await database.query('test', 'UPDATE migrations SET name = $1 WHERE name LIKE $2', ['0_old', `${SCHEMA}\\_%`]);
    const blocked = awaitSchema(
      {
        conditions: { declare: () => ({ hold: () => undefined, clear: () => undefined }), active: () => ({}) },
        shutdown: { add: (_name, stop) => testServers.onRelease(async () => stop()), run: async () => undefined },
      },
      { ...database, health: () => ({ status: 'up', breaker: 'closed' }) },
    );
    await waitFor(() => blocked()?.includes(`needs ${SCHEMA}`), { timeoutMs: 10_000, what: 'the service to wait' });
    await database.query('test', 'UPDATE migrations SET name = $1 WHERE name = $2', [NEWEST, '0_old']);
    await database.query('test', "INSERT INTO migrations (name, run_on) VALUES ('9999_newer', now())");
    await waitFor(() => blocked() === undefined, { timeoutMs: 10_000, what: 'the service to be ready' });
    expect(await readSchema(database)).toBe(9999);
    const connection = {
      host: variables.POSTGRES_HOST ?? '',
      port: Number(variables.POSTGRES_PORT),
      user: variables.POSTGRES_USER ?? '',
      password: variables.POSTGRES_PASSWORD ?? '',
      database: variables.POSTGRES_DB ?? '',
    };
    expect(await migrate(connection, () => undefined)).toEqual([]);
  });

  it('run once when several processes start together, and change nothing the next time', async () => {
    const connection = await emptyDatabase();
    const done = await Promise.all([1, 2, 3].map(() => migrate(connection, () => undefined)));
    expect(done.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(connection, () => undefined)).toEqual([]);
    const migrated = openDatabase(testServers, { ...variables, POSTGRES_DB: connection.database });
    await migrated.query('test', "INSERT INTO ads (id, image_url, target_url) VALUES ('ad-001', '', '')");
    expect((await recordBatch(migrated, [click(Date.now())])).added).toEqual({ ...perKind(() => 0), click: 1 });
  });

  it('create a schema of their own without superuser, and the services use it', async () => {
    const admin = database;
    const { database: name, ...connection } = await emptyDatabase();
    const [owner, services] = ['own', 'srv'].map((role) => `${role}_${randomBytes(6).toString('hex')}`);
    for (const role of [owner, services]) await admin.query('test', `CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await admin.query('test', `ALTER DATABASE ${name} OWNER TO ${owner}`);
    testServers.onRelease(() => admin.query('test', `DROP ROLE ${owner}, ${services}`));
    testServers.onRelease(() => admin.query('test', `DROP DATABASE ${name} WITH (FORCE)`));
    const as = (role = '') => ({
      ...{ ...connection, database: name, user: role, password: role },
      options: '-c search_path=tracker',
    });
    expect(await migrate(as(owner), () => undefined, 'tracker')).toContain('1_ledger');
    expect(await migrate(as(owner), () => undefined, 'tracker')).toEqual([]);
    const grants = readFileSync(new URL('../../../infra/postgres/grant-services.sql', import.meta.url), 'utf8');
    await withClient(as(owner), async (client) => {
      await client.query(grants.replaceAll(' TO ads;', ` TO ${services};`));
      await client.query("INSERT INTO ads (id, image_url, target_url) VALUES ('ad-001', '', '')");
      const { rows } = await client.query(
        "SELECT count(*)::int AS others FROM pg_class WHERE relnamespace = 'public'::regnamespace",
      );
      expect(rows).toEqual([{ others: 0 }]);
    });
    await withClient(as(services), async (client) => {
      const query = async (_operation: string, text: string, values: readonly unknown[] = []) =>
        (await client.query(text, [...values])).rows;
      const used = { query } as Database;
      expect(await readSchema(used)).toBe(SCHEMA);
      expect((await recordBatch(used, [click(Date.now())])).added).toMatchObject({ click: 1 });
      expect(await renewIdentity(used, (await readIdentity(used)) ?? '')).toBe(true);
    });
  });

  it('do not block recording while adding a column waits for a long transaction', async () => {
    await database.query('test', 'ALTER TABLE ad_events DROP COLUMN play_time_ms CASCADE');
    const pool = openPool(variables, { max: 3 });
    testServers.onRelease(() => pool.end());
    const reader = await pool.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT FROM ad_events');
    let isAdded = false;
    const adding = pool.query(readFileSync(PLAY_TIME_IN_MILLISECONDS, 'utf8')).then(() => {
      isAdded = true;
    });
    // The insert of the previous release: it waits no longer than one attempt of the migration takes.
    const insert = `INSERT INTO ad_events VALUES (gen_random_uuid(), 'click', 'ad-001', '::1', now(), now(), null, 1)`;
    await waitFor(async () => (await waitingForLocks(pool)) > 0, { timeoutMs: 20_000, what: 'the migration to wait' });
    for (let recorded = 0; recorded < 3; recorded += 1) await pool.query(insert);
    expect(isAdded).toBe(false);
    await reader.query('COMMIT');
    reader.release();
    await adding;
    expect(await rows(database, 'SELECT play_time_ms FROM ad_events')).toEqual(Array(3).fill({ play_time_ms: null }));
  });

  it('keep every row and its id, also those in the default partition', async () => {
    const connection = await emptyDatabase();
    const old = await migrateTo(2, connection);
    const insert = () =>
      old.query(
        'test',
        `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at)
         SELECT (lpad(to_hex(n), 4, '0') || substr(md5(n::text), 5))::uuid, 'click', 'ad-001', '203.0.113.9', now(), now()
         FROM generate_series(0, 4096) n
         ON CONFLICT DO NOTHING RETURNING id`,
      );
    expect(await insert()).toHaveLength(4_097);
    const [whole] = await old.query<{ count: number }>('test', 'SELECT count(*) FROM ad_events_default');
    expect(whole?.count).toBeGreaterThan(1_000);
    await old.query('test', "INSERT INTO ad_totals VALUES ('ad-001', 1, 0)");
    expect(await migrate(connection, () => undefined)).not.toEqual([]);
    expect(await insert()).toEqual([]);
    expect(await old.query('test', 'SELECT count(*) FROM ad_events_default')).toEqual([whole]);
    // Earlier releases kept 50 hours of minutes.
    const [kept] = await old.query<{ hours: number }>(
      'test',
      'SELECT floor((extract(epoch FROM now()) / 60 - minutes_from) / 60)::integer AS hours FROM event_retention',
    );
    expect(kept).toEqual({ hours: 50 });
  });

  it('let every role prune minutes that could prune seconds', async () => {
    const connection = await emptyDatabase();
    const old = await migrateTo(2, connection);
    const role = `"pruner ${randomBytes(6).toString('hex')}"`;
    await old.query('test', `CREATE ROLE ${role}`);
    await old.query('test', `GRANT DELETE ON clicks_per_second TO ${role}`);
    await migrate(connection, () => undefined);
    expect(
      await old.query('test', "SELECT has_table_privilege($1, 'counts_per_minute', 'DELETE') AS may", [
        role.replaceAll('"', ''),
      ]),
    ).toEqual([{ may: true }]);
    await old.query('test', `DROP OWNED BY ${role}`);
    await old.query('test', `DROP ROLE ${role}`);
  });

  it('ignore the statement_timeout of the database', async () => {
    const connection = await emptyDatabase();
    await database.query('test', `ALTER DATABASE ${connection.database} SET statement_timeout = 1`);
    expect(await migrate(connection, () => undefined)).not.toEqual([]);
  });
});

it('an ad of SQL has media files and companion in their shape, or is refused', async () => {
  const file = { url: 'https://a.example/', type: 'video/mp4', width: 1, height: 16_384, delivery: 'streaming' };
  const image = { image_url: 'https://a.example/', width: 1, height: 1, target_url: null, alt_text: 'x' };
  const insert = (media: unknown, companion: unknown = null, duration: number | null = 1) =>
    database.query(
      'test',
      `INSERT INTO ads (id, image_url, target_url, media, companion, duration_seconds)
       VALUES (gen_random_uuid(), '', '', $1, $2, $3)`,
      [JSON.stringify(media), companion === null ? null : JSON.stringify(companion), duration],
    );
  await insert([]);
  await insert([file, { ...file, bitrate: 1 }], image);
  const { height: _height, ...incomplete } = file;
  const bad: Parameters<typeof insert>[] = [
    ...[
      file,
      [incomplete],
      [[file]],
      [{ ...file, width: '1' }],
      [{ ...file, bitrate: 'x' }],
      [{ ...file, url: null }],
    ].map((media): [unknown] => [media]),
    [Array(21).fill(file)],
    [[file], null, null],
    ...[[image], { ...image, alt_text: undefined }, { ...image, target_url: 1 }, 'x'].map(
      (companion): [unknown, unknown] => [[], companion],
    ),
  ];
  for (const values of bad) await expect(insert(...values)).rejects.toMatchObject({ code: '23514' });
});

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { postgresConnection, postgresVariables } from '@ads/connections';
import {
  auditCounters,
  buildDays,
  createLedger,
  ensurePartitions,
  healDoubts,
  pruneMinutes,
  pruneSeconds,
  raiseDoubt,
  readDoubts,
  readIdentity,
  readPartitionDays,
  rebuildCounters,
  recount,
  renewIdentity,
  wantDays,
} from '@ads/ledger';
import { openPool, openTestServers, pgBouncer, type Variables, waitFor } from '@ads/local';
import { LEAST_MINUTES_KEPT, perColumn, perKind } from '@ads/models';
import { loadConfig } from '@ads/runtime';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { readPostgresCounters } from '../src/postgres-counters.js';
import { event, openStores } from './stores.js';

/*
 * Operators may set defaults for a database or a role. Our statements must have the same effect with each of these
 * defaults.
 */

const testServers = openTestServers();
afterAll(testServers.release);

/** Defaults that change the meaning of a text or the behaviour of a transaction. */
const DEFAULTS = [
  "datestyle = 'German'",
  "datestyle = 'SQL, DMY'",
  "timezone = 'Asia/Kathmandu'",
  "timezone = 'America/Sao_Paulo'",
  "intervalstyle = 'iso_8601'",
  "bytea_output = 'escape'",
  'extra_float_digits = -15',
  'standard_conforming_strings = off',
  'array_nulls = off',
  "default_transaction_isolation = 'serializable'",
  "default_transaction_isolation = 'repeatable read'",
  "search_path = 'nowhere'",
];
/** Settings that affect every statement and that PgBouncer does not let us set: infra/postgres/README.md sets them for the role. */
const BY_ROLE = /^(array_nulls|default_transaction_isolation|search_path)/;

let variables: Variables;
let redis: Variables;
let nats: Variables;
let admin: pg.Pool;
beforeAll(async () => {
  variables = await testServers.database();
  redis = (await testServers.redis()).env;
  nats = (await testServers.nats()).env;
  admin = openPool(variables);
  testServers.onRelease(() => admin.end());
});

const alter = (change: string) => admin.query(`ALTER DATABASE "${variables.POSTGRES_DB}" ${change}`);
afterEach(() => alter('RESET ALL'));

/** Records, reads, rebuilds and maintains the tables, on new connections. */
async function useEverything(env: Variables): Promise<void> {
  const { database, store } = await openStores(testServers, { ...env, ...redis });
  expect(await database.query('test', "SELECT current_setting('transaction_isolation') AS isolation")).toEqual([
    { isolation: 'read committed' },
  ]);
  const now = Date.now();
  const before = (await readPostgresCounters(database, ['ad-001'], now))[0];
  const ledger = createLedger({
    maxLabelValues: 100,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store,
    gate: { doubleClickMs: 1_000, floodPerHour: 30 },
    now: () => now,
    onRaiseFailure: (error) => expect(error).toBeUndefined(),
  });
  const times = [now, now - 90_000, now - 7_200_000, 0];
  const batch = times.flatMap((at) => [
    { ...event('ad-001', at), id: randomUUID(), playTimeMs: 12_345 },
    { ...event('ad-001', at, 'impression'), claimedAt: now + 86_400_000 },
  ]);
  expect((await ledger.recordQueued(batch)).added).toEqual({ ...perKind(() => 0), click: 4, impression: 4 });
  expect((await ledger.recordUnqueued(batch)).added).toEqual(perKind(() => 0));
  // Concurrent batches with the same counters, and clicks of the same viewer.
  const viewer = String(now);
  const crowd = Array.from({ length: 8 }, () => [
    { ...event('ad-002', now), viewer },
    { ...event('ad-003', now), viewer },
  ]);
  const outcomes = await Promise.all(crowd.map((events) => ledger.recordUnqueued(events)));
  const doubles = outcomes.flatMap(({ invalid }) => invalid).reduce((sum, { events }) => sum + events, 0);
  expect(doubles).toBe(2 * (crowd.length - 1));
  const [after] = await readPostgresCounters(database, ['ad-001'], now);
  expect(after).toMatchObject({
    clicks: (before?.clicks ?? 0) + 4,
    impressions: (before?.impressions ?? 0) + 4,
    windows: perColumn((column) => ({
      last_1_minute: (before?.windows[column].last_1_minute ?? 0) + 1,
      last_24_hours: (before?.windows[column].last_24_hours ?? 0) + 3,
    })),
  });
  const { rows } = await admin.query(
    `SELECT count(*)::integer AS rows FROM public.ad_events
     WHERE id = ANY($1) AND host(ip) = '203.0.113.9' AND 1000 * extract(epoch FROM occurred_at) = ANY($2)
       AND 1000 * extract(epoch FROM received_at) = ANY($2)
       AND (kind = 'click' OR 1000 * extract(epoch FROM claimed_at) = $3)`,
    [batch.map(({ id }) => id), times, now + 86_400_000],
  );
  expect(rows).toEqual([{ rows: batch.length }]);

  await raiseDoubt(database, 'writer');
  await healDoubts(database, await readDoubts(database));
  expect(await readDoubts(database)).toEqual([]);
  expect(await rebuildCounters(database, store, () => now)).toMatchObject({ state: 'done' });
  const identity = (await readIdentity(database)) ?? '';
  const sample = { adIds: ['ad-001'], minutes: [Math.floor(now / 60_000)], hours: [Math.floor(now / 3_600_000)] };
  expect(await auditCounters(database, store, identity, sample)).toEqual([]);

  const tomorrow = new Date(now + 86_400_000).toISOString().slice(0, 10).replace(/-/g, '');
  await admin.query(`DROP TABLE public.ad_events_${tomorrow}`);
  const onFailure = (_day: number, error: unknown) => {
    throw error;
  };
  expect(await readPartitionDays(database)).toBe(1);
  expect(await ensurePartitions(database, { onFailure })).toBe(1);
  expect(await readPartitionDays(database)).toBe(14);
  await admin.query("INSERT INTO public.counts_per_second VALUES ('ad-001', 1, 0)");
  await admin.query("INSERT INTO public.counts_per_minute VALUES ('ad-001', 1, 0)");
  expect([await pruneSeconds(database), await pruneMinutes(database, LEAST_MINUTES_KEPT)]).toEqual([1, 1]);
  expect(await renewIdentity(database, identity)).toBe(true);

  await wantDays(database, [7]);
  const client = new pg.Client(postgresConnection(loadConfig({ ...env }, postgresVariables)));
  await client.connect();
  for (let step = 0; step < 3; step += 1) expect(await buildDays(client, now)).toBe('worked');
  await client.end();
  expect((await admin.query('SELECT FROM public.day_offsets WHERE built_from < built_until')).rowCount).toBe(1);
}

it.each(DEFAULTS)('the ledger works with the database default %s', async (setting) => {
  await alter(`SET ${setting}`);
  await useEverything(variables);
  const connection = postgresConnection(loadConfig(variables, postgresVariables));
  expect(await recount(connection, LEAST_MINUTES_KEPT)).toMatchObject({ totals: 0, minutes: 0, seconds: 0 });
});

it.each(['require', 'verify-full'])('no query runs without TLS if POSTGRES_SSLMODE is %s', async (mode) => {
  const env = { ...variables, POSTGRES_SSLMODE: mode };
  await expect(recount(postgresConnection(loadConfig(env, postgresVariables)), LEAST_MINUTES_KEPT)).rejects.toThrow(
    'SSL',
  );
  const { env: service } = await testServers.service({ name: 'analytics', env: { ...env, ...redis } });
  await waitFor(
    async () => {
      const health = await (await fetch(`${service.ANALYTICS_URL}/health`)).text();
      return health.includes('does not support SSL');
    },
    { timeoutMs: 30_000, what: 'Postgres to be refused because it has no TLS' },
  );
});

it('the ledger works through PgBouncer, which drops our session settings, with other defaults of the database', async () => {
  for (const setting of DEFAULTS.filter((one) => !BY_ROLE.test(one))) await alter(`SET ${setting}`);
  const bouncer = await pgBouncer({
    folder: join(testServers.folder, 'pgbouncer'),
    postgres: variables as Readonly<Record<string, string>>,
  });
  testServers.onRelease(() => bouncer.kill());
  await bouncer.start();
  await useEverything({ ...variables, ...bouncer.env });
});

it('ingest reads the catalogue and accepts clicks with other defaults of the role and the database', async () => {
  for (const setting of DEFAULTS) await alter(`SET ${setting}`);
  const inDatabase = `ALTER ROLE "${variables.POSTGRES_USER}" IN DATABASE "${variables.POSTGRES_DB}"`;
  await admin.query(`${inDatabase} SET datestyle = 'Postgres, DMY'`);
  testServers.onRelease(() => admin.query(`${inDatabase} RESET ALL`));
  const { env } = await testServers.service({ name: 'ingest', env: { ...variables, ...redis, ...nats } });
  const catalogue = await fetch(`${env.INGEST_URL}/api/v1/ads`);
  const { ads } = (await catalogue.json()) as { ads: { id: string; created_at: string }[] };
  const { rows } = await admin.query(
    'SELECT id, floor(1000 * extract(epoch FROM created_at))::float8 AS time FROM public.ads',
  );
  expect(ads.map(({ id, created_at }) => ({ id, time: Date.parse(created_at) }))).toEqual(expect.arrayContaining(rows));
  for (const [ad_id, status] of [
    ['ad-001', 202],
    ['ad-404', 400],
  ] as const) {
    const answer = await fetch(`${env.INGEST_URL}/api/v1/ads/click`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ad_id }),
    });
    expect([ad_id, answer.status]).toEqual([ad_id, status]);
  }
});

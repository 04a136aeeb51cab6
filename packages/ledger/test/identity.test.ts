import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyFolder, type LocalProcess, postgresServer, type Variables } from '@ads/local';
import { IN_USE_STEM, inUseKey } from '@ads/models';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  deleteRetired,
  keepInUse,
  type RecordingDatabase,
  readIdentity,
  readTrust,
  rebuildCounters,
} from '../src/index.js';

import { click, rows } from './expected-counts.js';
import { setUpLedger } from './ledger-set-up.js';
import { openDatabase, type TestStore, withAround } from './servers.js';

/*
 * Redis holds a copy of the counts of one database. The copy is read only while the database has the identity that the
 * copy was filled from; a restore, a failover and a reset change the identity.
 */

const { testServers, at, now, newDatabase, ledgerOf, rebuild, isTrusted, expectOwnCounters, ...setUp } = setUpLedger();
let store: TestStore;
beforeAll(() => {
  store = setUp.store();
});

const clicks = (count: number) => Array.from({ length: count }, () => click(at));
const ROLLUPS = 'ad_totals, counts_per_minute, counts_per_second';

async function record(database: RecordingDatabase, count: number): Promise<void> {
  await ledgerOf(database).recordQueued(clicks(count));
}

describe('counters lose their trust, until a rebuild makes them exact,', () => {
  let database: RecordingDatabase;
  beforeEach(async () => {
    database = await newDatabase();
    await record(database, 6);
    await rebuild(database);
    expect(await isTrusted(database)).toBe(true);
  });

  it.each([
    ['TRUNCATE', [`TRUNCATE ad_events, ${ROLLUPS}`]],
    ['TRUNCATE of one rollup', ['TRUNCATE counts_per_second']],
    ['DELETE of all rows', ['DELETE FROM ad_events', 'DELETE FROM ad_totals', 'DELETE FROM counts_per_minute']],
    ['DELETE of one ad', ["DELETE FROM ad_totals WHERE ad_id = 'ad-001'"]],
    [
      'a dump that creates a rollup again',
      ['CREATE TABLE old AS TABLE ad_totals', 'TRUNCATE ad_totals', 'INSERT INTO ad_totals TABLE old'],
    ],
    ['a renewal', ['SELECT renew_ledger_identity()']],
  ])('after %s', async (_what, statements) => {
    for (const statement of statements) await rows(database, statement);
    expect(await isTrusted(database)).toBe(false);
    await record(database, 2);
    expect(await isTrusted(database)).toBe(false);
    await rebuild(database);
    expect(await isTrusted(database)).toBe(true);
    await expectOwnCounters(database);
  });

  it('while a restore has not loaded the identity, and no rebuild begins meanwhile', async () => {
    await rows(database, 'CREATE TABLE saved AS TABLE ledger_identity');
    await rows(database, 'TRUNCATE ledger_identity');
    expect(await readIdentity(database)).toBeUndefined();
    expect(await rebuildCounters(database, store, now)).toMatchObject({ state: 'interrupted' });
    await rows(database, 'INSERT INTO ledger_identity TABLE saved');
    expect(await isTrusted(database)).toBe(true);
  });

  it('when the database changes during a rebuild, which then marks nothing', async () => {
    const changing = withAround(store, async (operation, go) => {
      if (operation === 'raise') await rows(database, 'DELETE FROM ad_totals');
      return await go();
    });
    await rows(database, 'SELECT renew_ledger_identity()');
    expect(await rebuildCounters(database, changing, now)).toEqual({
      state: 'interrupted',
      reason: 'the database was restored or replaced during the rebuild',
    });
    expect(await isTrusted(database)).toBe(false);
  });
});

it('a batch that commits after a deletion of rows is counted under the new identity', async () => {
  const database = await newDatabase();
  let recording = true;
  const writers = Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let batch = 0; batch < 60; batch += 1) await record(database, 5);
    }),
  ).finally(() => {
    recording = false;
  });
  let deletions = 0;
  while (recording) {
    await rows(database, 'DELETE FROM ad_totals');
    await rebuildCounters(database, store, now);
    deletions += 1;
  }
  await writers;
  expect(deletions).toBeGreaterThan(3);
  await record(database, 1);
  // The last rebuild ran during the writes; none follows.
  expect(await isTrusted(database)).toBe(true);
  await expectOwnCounters(database);
}, 60_000);

describe('two databases on one Redis', () => {
  it('have separate counters, even if one database is a copy of the other', async () => {
    const [one, other] = [await newDatabase(), await newDatabase()];
    await record(one, 6);
    await rebuild(one);
    expect(await isTrusted(other)).toBe(false);
    await record(other, 2);
    await rebuild(other);
    for (const database of [one, other]) {
      expect(await isTrusted(database)).toBe(true);
      await expectOwnCounters(database);
    }
  });

  it('have different identities after one was dropped and created again under the same name', async () => {
    const env = await testServers.database();
    const before = await readIdentity(openDatabase(testServers, env));
    const { POSTGRES_DB: copied } = await testServers.database();
    const server = openDatabase(testServers, { ...env, POSTGRES_DB: 'postgres' }, 1);
    await rows(server, `DROP DATABASE ${env.POSTGRES_DB} WITH (FORCE)`);
    await rows(server, `CREATE DATABASE ${env.POSTGRES_DB} TEMPLATE ${copied}`);
    const after = await readIdentity(openDatabase(testServers, env));
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });
});

describe('a Postgres server', () => {
  let server: LocalProcess;
  let dataFolder: string;
  /** Opens new connections, as each restart ends the old ones. */
  const open = (env: Variables = server.env) => openDatabase(testServers, env, 2);
  beforeAll(async () => {
    server = await testServers.postgres();
    const [row] = await rows(open(), 'SHOW data_directory');
    dataFolder = (row as { data_directory: string }).data_directory;
  }, 60_000);

  it('has a new identity after a restore from a snapshot of its volume', async () => {
    await record(open(), 2);
    await server.stop();
    await copyFolder(dataFolder, `${dataFolder}.snapshot`);
    await server.start();
    await record(open(), 4);
    await rebuild(open());
    expect(await isTrusted(open())).toBe(true);
    await server.stop();
    await copyFolder(`${dataFolder}.snapshot`, dataFolder);
    await server.start();
    const restored = open();
    expect(await rows(restored, 'SELECT FROM ad_events')).toHaveLength(2);
    expect(await isTrusted(restored)).toBe(false);
    await record(restored, 1);
    await rebuild(restored);
    await expectOwnCounters(restored);
  }, 60_000);

  it('has no identity as a lagging replica, and a new one after its promotion', async () => {
    await record(open(), 2);
    await server.stop();
    const folder = join(testServers.folder, 'replica');
    mkdirSync(folder);
    await copyFolder(join(dataFolder, '..', 'password'), join(folder, 'password'));
    await copyFolder(dataFolder, join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'standby.signal'), '');
    await server.start();
    const primary = open();
    await record(primary, 4);
    await rebuild(primary);
    const standby = await postgresServer({ folder });
    testServers.onRelease(() => standby.kill());
    await standby.start();
    const replica = open(standby.env);
    expect(await rows(replica, 'SELECT pg_is_in_recovery()')).toEqual([{ pg_is_in_recovery: true }]);
    expect(await readIdentity(replica)).toBeUndefined();
    expect(await rebuildCounters(replica, store, now)).toMatchObject({ state: 'interrupted' });
    await rows(replica, 'SELECT pg_promote()');
    expect(await isTrusted(replica)).toBe(false);
    await record(replica, 1);
    await rebuild(replica);
    await expectOwnCounters(replica);
    // No service uses the fenced database any more, but its counters remain its own while it runs.
    await expectOwnCounters(primary);
  }, 60_000);

  it('has a new identity after kill -9, as synchronous_commit=off may have lost commits that Redis counts', async () => {
    await rebuild(open());
    const before = await readIdentity(open());
    await server.kill();
    await server.start();
    expect(await readIdentity(open())).not.toBe(before);
    expect(await isTrusted(open())).toBe(false);
  }, 60_000);
});

describe('counters of an unused ledger', () => {
  const never = new AbortController().signal;
  const [shard] = [() => store.shards()[0] as TestStore];
  const keysOf = async (ledger: string | undefined) => (await store.redis.keys(`*${ledger}*`)).length;

  it('are deleted with their marks; those in use and those of other environments are kept', async () => {
    const database = await newDatabase();
    await record(database, 6);
    await rebuild(database);
    const old = (await readIdentity(database)) ?? '';
    await rows(database, 'SELECT renew_ledger_identity()');
    await record(database, 1);
    await rebuild(database);
    const current = (await readIdentity(database)) ?? '';
    await keepInUse(store.shards(), 'others.state');
    // Older releases use this key, too.
    expect(await store.redis.exists('{counters-of-ledger}:others.state:in-use')).toBe(1);
    await store.redis.set('{counters-of-ledger}:older_.release:epoch', 'instance:token');
    for (const ledger of ['others.state', 'gone__.state', 'older_.release']) {
      await store.redis.hset(`ad:${ledger}:{ad-001}:totals`, 'clicks', 1);
    }
    await store.redis.set('ad:{ad-001}:totals', 'of a release without ledgers, or of somebody else');

    // A consumer that has not noticed the change used it just now.
    expect(await deleteRetired(shard(), current, never)).toBe(2);
    expect(await keysOf(old)).toBeGreaterThan(3);
    await store.redis.expire(inUseKey(IN_USE_STEM, old), 86_400 - 20);
    const before = await keysOf(current);
    expect(await deleteRetired(shard(), current, never)).toBe(3);
    expect(await store.redis.keys(`ad:${old}:*`)).toEqual([]);
    expect((await readTrust(store.shards(), old)).state).toBe('untrusted');
    expect(await keysOf(current)).toBe(before);
    expect(await isTrusted(database)).toBe(true);
    expect(await keysOf('others.state')).toBe(2);
    expect(await keysOf('gone__.state')).toBe(0);
    expect(await store.redis.exists('{counters-of-ledger}:older_.release:epoch')).toBe(0);
    expect(await store.redis.exists('ad:{ad-001}:totals')).toBe(1);
  });

  it('are not trusted when their consumers return during the deletion', async () => {
    const database = await newDatabase();
    await record(database, 6);
    const ledger = (await readIdentity(database)) ?? '';
    let back = false;
    const slow = withAround(store, async (operation, go) => {
      const result = await go();
      if (operation === 'delete_marks' && !back) {
        back = true;
        await rebuild(database);
      }
      return result;
    }).shards()[0];
    await deleteRetired(slow as TestStore, 'other_.state', never);
    expect(back).toBe(true);
    expect(await store.redis.keys(`ad:${ledger}:*`)).toEqual([]);
    expect(await isTrusted(database)).toBe(false);
    await rebuild(database);
    await expectOwnCounters(database);
  });
});

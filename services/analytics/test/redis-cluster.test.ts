import type { Postgres, RedisConnection } from '@ads/connections';
import {
  type CounterShard,
  type CounterStore,
  createLedger,
  readDoubts,
  readIdentity,
  readTrust,
  rebuildCounters,
} from '@ads/ledger';
import { freePort, type LocalProcess, openTestServers, type RedisCluster, waitFor } from '@ads/local';
import { epochKey, LEAST_MINUTES_KEPT, MARKS_STEM, totalsKey } from '@ads/models';
import { probe } from '@ads/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Counters } from '../src/counters.js';
import { createMonotonicReadGuard } from '../src/monotonic-read-guard.js';
import { readPostgresCounters } from '../src/postgres-counters.js';
import { readCounters } from '../src/read-counters.js';
import { event, isKnown, openCounters, openStores } from './stores.js';

const testServers = openTestServers();
const at = Date.now();
const now = () => at;
const ADS = Array.from({ length: 90 }, (_, index) => `spread-${index + 1}`);
let cluster: RedisCluster;
let database: Postgres;
let store: RedisConnection;
let identity: string;

beforeAll(async () => {
  cluster = await testServers.redisCluster();
  ({ database, store } = await openStores(testServers, { ...(await testServers.database()), ...cluster.env }));
  identity = (await readIdentity(database)) ?? '';
  testServers.onRelease(probe([store.ping], 200));
  await database.query('test', "INSERT INTO ads (id, image_url, target_url) SELECT unnest($1::text[]), '', ''", [ADS]);
});
afterAll(testServers.release);

const hasDoubt = async () => (await readDoubts(database)).length > 0;
const ledger = () =>
  createLedger({
    maxLabelValues: 100,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store,
    now,
    onRaiseFailure: () => undefined,
  });
const clicks = () => ADS.flatMap((adId, index) => Array.from({ length: 1 + (index % 3) }, () => event(adId, at)));

/** The answer of analytics for these ads, by default all. */
async function ask(adIds: readonly string[] = ADS, over: CounterStore = store) {
  const undoubted = (await hasDoubt()) ? undefined : identity;
  const reading = await readCounters(
    { database, store: over, undoubted: () => undoubted, guard: createMonotonicReadGuard(), now },
    adIds,
  );
  return { source: reading.source, counters: byAd(reading.counters) };
}

const byAd = (counters: readonly Counters[]) => [...counters].sort((a, b) => (a.adId < b.adId ? -1 : 1));
const truth = async () => byAd(await readPostgresCounters(database, ADS, at));

/** Changes one server directly, without the ledger. */
async function on<T>(
  server: Pick<CounterShard, 'name'> | LocalProcess,
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const port = 'port' in server ? server.port : Number(server.name.split(':')[1]);
  const redis = new Redis({ host: '127.0.0.1', port });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Repeats the rebuild, as a consumer does, until the counters are trusted. */
async function rebuilt(): Promise<void> {
  await waitFor(
    async () => isKnown(store) && (await rebuildCounters(database, store, now)).state === 'done' && (await trusted()),
    { timeoutMs: 20_000, intervalMs: 100, what: 'a rebuild of all shards' },
  );
}

const trusted = async () => (await readTrust(store.shards(), identity)).state === 'trusted';

async function expectExact(): Promise<void> {
  expect(await ask()).toEqual({ source: 'redis', counters: await truth() });
}

const role = async (server: LocalProcess) => (await on(server, (redis) => redis.role()))[0];

/** The only replica of a primary. */
async function replicaOf(primary: LocalProcess): Promise<LocalProcess> {
  const [, , replicas] = (await on(primary, (redis) => redis.role())) as [string, number, [string, string, string][]];
  return cluster.nodes.find(({ port }) => String(port) === replicas[0]?.[1]) as LocalProcess;
}

/** The same store, with some operations of its shards replaced. */
function withShards(changes: (shard: CounterShard) => Partial<CounterShard>): CounterStore {
  const changed = new Map(store.shards().map((shard) => [shard.name, { ...shard, ...changes(shard) }]));
  return {
    shards: () => [...changed.values()],
    shardOf: (key) => changed.get(store.shardOf(key).name) as CounterShard,
  };
}

describe('counters in a Redis Cluster', () => {
  beforeEach(rebuilt);

  it('are stored on the primary of their ad, and answers combine all primaries', async () => {
    await ledger().recordQueued(clicks());
    await expectExact();
    expect(await hasDoubt()).toBe(false);
    const held = await Promise.all(store.shards().map((shard) => on(shard, (redis) => redis.keys('ad:*:totals'))));
    expect(held.map((keys) => keys.length > 10)).toEqual([true, true, true]);
    expect(held.flat()).toHaveLength((await database.query('test', 'SELECT FROM ad_totals')).length);
  });

  it('have separate marks on each primary', async () => {
    for (const shard of store.shards()) {
      const epoch = await on(shard, (redis) => redis.get(epochKey(shard.tag(MARKS_STEM), identity)));
      expect(epoch).toMatch(`${shard.instanceId()}:`);
    }
    expect(new Set(store.shards().map((shard) => shard.tag(MARKS_STEM))).size).toBe(3);
  });

  it('are answered from Postgres after one primary was emptied, until they are rebuilt', async () => {
    await ledger().recordQueued(clicks());
    for (const shard of store.shards()) {
      await on(shard, (redis) => redis.flushall());
      expect(await ask()).toEqual({ source: 'postgres', counters: await truth() });
      // The counters of the other primaries are exact, but only a rebuild proves it.
      for (const adId of ADS.slice(0, 9)) expect((await ask([adId])).source).toBe('postgres');
      await rebuilt();
      await expectExact();
    }
  });

  it('are answered from Postgres when a primary is emptied during the read', async () => {
    for (const { name } of store.shards()) {
      const emptied = withShards((shard) => ({
        run: async (operation, call) => {
          if (operation === 'read_windows' && shard.name === name) await on(shard, (redis) => redis.flushall());
          return await shard.run(operation, call);
        },
      }));
      expect(await ask(ADS, emptied)).toEqual({ source: 'postgres', counters: await truth() });
      await rebuilt();
    }
  });

  it('are answered from Postgres when another rebuild fills one primary during the read of the others', async () => {
    for (const { name } of store.shards()) {
      const refilled = withShards((shard) => ({
        run: async (operation, call) => {
          const result = await shard.run(operation, call);
          if (operation === 'read_windows' && shard.name === name) {
            await on(shard, (redis) =>
              redis.set(epochKey(shard.tag(MARKS_STEM), identity), `${shard.instanceId()}:a later one`),
            );
          }
          return result;
        },
      }));
      expect((await ask(ADS, refilled)).source).toBe('postgres');
      await rebuilt();
    }
  });

  it('are not trusted when one primary has the mark of another rebuild', async () => {
    const [shard] = store.shards() as [CounterShard];
    await on(shard, (redis) =>
      redis.set(epochKey(shard.tag(MARKS_STEM), identity), `${shard.instanceId()}:an earlier one`),
    );
    expect((await ask()).source).toBe('postgres');
    expect(await trusted()).toBe(false);
  });

  it('are not trusted after a rebuild during which one primary was emptied, and doubts remain', async () => {
    await database.query('test', "INSERT INTO counter_doubts (writer) VALUES ('somebody')");
    for (const { name } of store.shards()) {
      const emptied = withShards((shard) => ({
        run: async (operation, call) => {
          if (operation === 'finish_rebuild' && shard.name === name) await on(shard, (redis) => redis.flushall());
          return await shard.run(operation, call);
        },
      }));
      expect(await rebuildCounters(database, emptied, now)).toEqual({
        state: 'interrupted',
        reason: 'Redis was emptied during the rebuild',
      });
      expect(await trusted()).toBe(false);
      expect(await hasDoubt()).toBe(true);
    }
    await rebuilt();
    expect(await hasDoubt()).toBe(false);
  });

  it('are not trusted after a rebuild during which the primaries changed', async () => {
    let others = false;
    const changing: CounterStore = {
      shards: () => store.shards().map((shard) => (others ? { ...shard, name: `${shard.name}0` } : shard)),
      shardOf: (key) => {
        others = true;
        return store.shardOf(key);
      },
    };
    expect(await rebuildCounters(database, changing, now)).toMatchObject({
      state: 'interrupted',
      reason: expect.stringContaining('another server'),
    });
  });

  it('are answered from Postgres when a slot was moved to another primary without its keys', async () => {
    await ledger().recordQueued(clicks());
    const [from, to] = store.shards() as [CounterShard, CounterShard];
    const adId = ADS.find((ad) => store.shardOf(totalsKey(identity, ad)).name === from.name) as string;
    const slot = Number(await on(from, (redis) => redis.cluster('KEYSLOT', totalsKey(identity, adId))));
    for (const node of cluster.nodes) await on(node, (redis) => redis.cluster('DELSLOTS', slot).catch(() => undefined));
    await on(to, async (redis) => {
      await redis.cluster('ADDSLOTS', slot);
      await redis.cluster('BUMPEPOCH');
    });
    // The nodes refuse all commands until they agree, so the test waits for that.
    await waitFor(
      async () => {
        const holds = store.shardOf(totalsKey(identity, adId)).name === to.name;
        return holds && store.health().status === 'up' && (await readTrust(store.shards(), identity));
      },
      { timeoutMs: 10_000, what: 'the slot to be served by its new primary' },
    );
    expect(await on(to, (redis) => redis.exists(totalsKey(identity, adId)))).toBe(0);
    expect(await ask()).toEqual({ source: 'postgres', counters: await truth() });
    await rebuilt();
    await expectExact();
  });

  it('are exact again after a failover and a rebuild; a batch that could not be raised left a doubt', async () => {
    await ledger().recordQueued(clicks());
    const victim = (await cluster.primaries())[1] as LocalProcess;
    await victim.kill();
    await waitFor(() => store.health().status === 'down', { timeoutMs: 5_000, what: 'health to report Redis as down' });
    await ledger().recordQueued(clicks());
    expect(await hasDoubt()).toBe(true);
    expect(await ask()).toEqual({ source: 'postgres', counters: await truth() });
    await waitFor(() => isKnown(store) && store.health().status === 'up', {
      timeoutMs: 15_000,
      what: 'the replica to take over',
    });
    expect(store.shards().map(({ name }) => name)).not.toContain(`127.0.0.1:${victim.port}`);
    expect(await trusted()).toBe(false);
    await rebuilt();
    await expectExact();
    await victim.start();
    await ledger().recordQueued(clicks());
    await expectExact();
  });

  it('are not trusted when an old primary takes over again before a rebuild', async () => {
    await ledger().recordQueued(clicks());
    const [a] = (await cluster.primaries()) as [LocalProcess];
    const replica = await replicaOf(a);
    // The replica is cut off, so this raise reaches the primary only.
    replica.pause();
    await on(a, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'replica'));
    await ledger().recordQueued(clicks());
    expect(await hasDoubt()).toBe(false);
    a.pause();
    replica.resume();
    await waitFor(async () => (await role(replica)) === 'master', { timeoutMs: 20_000, what: 'a failover' });
    a.resume();
    await waitFor(async () => (await on(a, (redis) => redis.info('replication'))).includes('master_link_status:up'), {
      timeoutMs: 20_000,
      what: 'the old primary to be a replica',
    });
    // No rebuild ended meanwhile, for example because Postgres was unavailable. An operator fails back to the old primary.
    await waitFor(
      async () => {
        await on(a, (redis) => redis.call('CLUSTER', 'FAILOVER')).catch(() => undefined);
        return (await role(a)) === 'master';
      },
      { timeoutMs: 20_000, intervalMs: 500, what: 'the failback' },
    );
    await waitFor(
      async () =>
        isKnown(store) &&
        store.health().status === 'up' &&
        store.shards().some(({ name }) => name === `127.0.0.1:${a.port}`),
      { timeoutMs: 20_000, what: 'the client to use the old primary again' },
    );
    expect(await ask()).toEqual({ source: 'postgres', counters: await truth() });
    await rebuilt();
    await expectExact();
  });
});

it('a Redis without cluster mode is refused: nothing is raised or trusted, and health shows the reason', async () => {
  const { host, port } = await testServers.redis();
  const single = openCounters(testServers, { REDIS_CLUSTER_NODES: `${host}:${port}` });
  await waitFor(() => single.health().detail?.includes('cluster support disabled'), {
    timeoutMs: 10_000,
    what: 'health to show the reason',
  });
  expect(single.health().status).toBe('down');
  expect(single.shards()).toEqual([]);
  expect(() => single.shardOf(totalsKey(identity, 'ad-001'))).toThrow('redis is unavailable');
  const own = createLedger({
    maxLabelValues: 100,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store: single,
    now,
    onRaiseFailure: () => undefined,
  });
  await own.recordQueued(clicks());
  expect(await hasDoubt()).toBe(true);
  expect(await ask(ADS, single)).toEqual({ source: 'postgres', counters: await truth() });
  expect((await rebuildCounters(database, single, now)).state).toBe('interrupted');
});

it('a cluster of one node, of which only the address is known, gets one ad per script call', async () => {
  // A cluster node also listens on a second port, by default the first plus 10,000.
  const settings = { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) };
  const node = await testServers.redis({ settings });
  await on(node, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383'));
  const counters = openCounters(testServers, node.env);
  await waitFor(() => isKnown(counters), { timeoutMs: 10_000, what: 'the connection to Redis' });
  expect(counters.shards().map(({ crossesSlots }) => crossesSlots)).toEqual([false]);
  await waitFor(async () => String(await on(node, (redis) => redis.cluster('INFO'))).includes('cluster_state:ok'), {
    timeoutMs: 10_000,
    what: 'the slots to be served',
  });
  const failures: unknown[] = [];
  const { recordQueued } = createLedger({
    maxLabelValues: 100,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store: counters,
    now,
    onRaiseFailure: (e) => failures.push(e),
  });
  await recordQueued(clicks());
  expect(failures).toEqual([]);
  expect(await rebuildCounters(database, counters, now)).toMatchObject({ state: 'done' });
  expect(await ask(ADS, counters)).toEqual({ source: 'redis', counters: await truth() });
});

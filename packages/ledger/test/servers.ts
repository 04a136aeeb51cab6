import { type LocalProcess, type TestServers, type Variables, waitFor } from '@ads/local';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { CounterShard, CounterStore, Database, RecordingDatabase } from '../src/index.js';

const INT8 = 20;

/** The ledger's view of a database, without retries, so that every failure is visible. */
export function openDatabase(testServers: TestServers, env: Variables, connections = 10): RecordingDatabase {
  const pool = new pg.Pool({
    host: env.POSTGRES_HOST,
    port: Number(env.POSTGRES_PORT),
    user: env.POSTGRES_USER,
    password: env.POSTGRES_PASSWORD,
    database: env.POSTGRES_DB,
    max: connections,
    types: { getTypeParser: (oid: number) => (oid === INT8 ? Number : pg.types.getTypeParser(oid)) },
  });
  // The next query reports a broken connection.
  pool.on('error', () => undefined);
  testServers.onRelease(() => pool.end());
  const on = (connection: Pick<pg.ClientBase, 'query'>): Database => ({
    async query<Row extends object>(_operation: string, text: string, values: readonly unknown[] = []) {
      return (await connection.query(text, [...values])).rows as Row[];
    },
  });
  return {
    ...on(pool as unknown as pg.ClientBase),
    async transaction(_operation, work, isKept = () => true) {
      const client = await pool.connect();
      let isDone = false;
      try {
        await client.query('BEGIN');
        const result = await work(on(client));
        await client.query(isKept(result) ? 'COMMIT' : 'ROLLBACK');
        isDone = true;
        return result;
      } finally {
        // Closing the connection ends a transaction that failed. A new one takes 40 ms.
        client.release(!isDone);
      }
    },
  };
}

/** A store of one shard. */
export interface TestStore extends CounterStore, CounterShard {
  readonly redis: Redis;
}

/** The ledger's view of a Redis; it reconnects by itself, and reads the instance id of each server. */
export async function openStore(testServers: TestServers, server: LocalProcess): Promise<TestStore> {
  let instanceId: string | undefined;
  let unfit: string | undefined;
  const redis = new Redis({
    host: server.host,
    port: server.port,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
  });
  redis.on('error', () => undefined);
  redis.on('close', () => {
    instanceId = undefined;
  });
  redis.on('ready', async () => {
    const info = await redis.info().catch(() => '');
    const field = (name: string) => new RegExp(`^${name}:(.*)\r$`, 'm').exec(info)?.[1];
    unfit = Number(field('maxmemory')) > 0 && field('maxmemory_policy') !== 'noeviction' ? 'it may evict' : undefined;
    instanceId = `${field('run_id')}/${field('evicted_keys')}`;
  });
  testServers.onRelease(() => redis.disconnect());
  const store: TestStore = {
    redis,
    name: 'redis',
    crossesSlots: true,
    shards: () => [store],
    shardOf: () => store,
    tag: (stem) => stem,
    run: (_operation, call) => call(redis),
    instanceId: () => instanceId,
    identify: async () => undefined,
    unfit: () => unfit,
  };
  await waitFor(() => store.instanceId(), { timeoutMs: 10_000, what: 'the connection to Redis' });
  return store;
}

/** The same store with a wrapper for its calls: `around` decides whether and when to call `go`. */
export function withAround(
  store: CounterStore,
  around: (operation: string, go: () => Promise<unknown>) => Promise<unknown>,
): CounterStore {
  const wrapped = (shard: CounterShard): CounterShard => ({
    ...shard,
    run: <T>(operation: string, call: (client: Redis) => Promise<T>) =>
      around(operation, () => shard.run(operation, call)) as Promise<T>,
  });
  return { shards: () => store.shards().map(wrapped), shardOf: (key) => wrapped(store.shardOf(key)) };
}

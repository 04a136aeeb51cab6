import {
  openPostgres,
  openRedis,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  type RedisConnection,
  redisVariables,
} from '@ads/connections';
import type { CounterStore } from '@ads/ledger';
import { type TestServers, type Variables, waitFor } from '@ads/local';
import { type AdEvent, uuidv7 } from '@ads/models';
import { createMetrics, type Logger, loadConfig } from '@ads/runtime';

export const quiet: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** Postgres and Redis as the services see them. */
export async function openStores(testServers: TestServers, env: Variables) {
  const config = loadConfig<PostgresConfig>(env, postgresVariables);
  const options = { service: 'test', metrics: createMetrics('test'), logger: quiet };
  const database = openPostgres(config, options);
  testServers.onRelease(database.close);
  const store = openCounters(testServers, env);
  await waitFor(() => isKnown(store), { timeoutMs: 10_000, what: 'the connection to Redis' });
  return { database, store };
}

/** Redis alone, connected or not. Calls are not retried, so the timeout is long enough for a busy machine. */
export function openCounters(testServers: TestServers, env: Variables): RedisConnection {
  const config = loadConfig<RedisConfig>({ REDIS_TIMEOUT_MS: '10000', ...env }, redisVariables);
  const store = openRedis(config, { service: 'test', metrics: createMetrics('test'), logger: quiet });
  testServers.onRelease(store.close);
  return store;
}

/** True if the instance id of each server is known. */
export function isKnown(store: CounterStore): boolean {
  const shards = store.shards();
  return shards.length > 0 && shards.every((shard) => shard.instanceId() !== undefined);
}

export function event(adId: string, occurredAt: number, kind: AdEvent['kind'] = 'click'): AdEvent {
  return { kind, id: uuidv7(occurredAt), adId, ip: '203.0.113.9', occurredAt, receivedAt: occurredAt };
}

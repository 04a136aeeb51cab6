import { type LocalProcess, openPool } from '@ads/local';
import { Redis } from 'ioredis';
import { connect, type NatsConnection } from 'nats';
import type pg from 'pg';

/** Connections of our own to each server, past the networks that are made worse. */
export interface AdminClients {
  readonly database: pg.Pool;
  /** The first Redis. */
  readonly redis: Redis;
  /** Those that hold counters: the only one, or the primaries of a cluster as they are now. */
  counters(): Promise<readonly Redis[]>;
  readonly nats: NatsConnection;
  close(): Promise<void>;
}

/**
 * Looks at running servers; the connections come back by themselves when a server does.
 *
 * @param redis one, or all nodes of a cluster
 * @param nats the same
 */
export async function openAdminClients(
  postgres: LocalProcess,
  redis: readonly LocalProcess[],
  nats: readonly LocalProcess[],
): Promise<AdminClients> {
  const database = openPool(postgres.env, {
    max: 2,
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
    // Its own, whatever the role has been given.
    statement_timeout: 60_000,
  });
  const nodes = redis.map(openRedis);
  const [first] = nodes;
  if (first === undefined) throw new Error('There is no Redis to look at');
  const connection = await connect({
    servers: nats.map(({ host, port }) => `${host}:${port}`),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    // One that is frozen is left for another.
    pingInterval: 2_000,
  });
  return {
    database,
    redis: first,
    async counters() {
      const roles = await Promise.all(nodes.map((node) => node.role()));
      return nodes.filter((_, index) => roles[index]?.[0] === 'master');
    },
    nats: connection,
    async close() {
      for (const node of nodes) node.disconnect();
      await Promise.allSettled([database.end(), connection.close()]);
    },
  };
}

function openRedis({ host, port }: LocalProcess): Redis {
  const redis = new Redis({
    host,
    port,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 3,
    retryStrategy: () => 200,
  });
  redis.on('error', () => undefined);
  return redis;
}

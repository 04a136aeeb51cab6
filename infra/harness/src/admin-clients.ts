import { type LocalProcess, openPool, type Variables } from '@ads/local';
import { Redis } from 'ioredis';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import type pg from 'pg';

/** Connections to each server that bypass the simulated networks. */
export interface AdminClients {
  readonly database: pg.Pool;
  /** The first Redis. */
  readonly redis: Redis;
  /** The servers that hold counters: the only one, or the current primaries of a cluster. */
  counters(): Promise<readonly Redis[]>;
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamManager;
  close(): Promise<void>;
}

/**
 * Connects to running servers. The connections reconnect after a restart.
 *
 * @param redis one server, or all nodes of a cluster
 * @param nats one server, or all servers of a cluster
 */
export async function openAdminClients(
  postgres: { readonly env: Variables },
  redis: readonly LocalProcess[],
  nats: readonly LocalProcess[],
): Promise<AdminClients> {
  const database = openPool(postgres.env, {
    max: 4,
    connectionTimeoutMillis: 5_000,
    query_timeout: 300_000,
    // Overrides the statement timeout of the role.
    statement_timeout: 300_000,
  });
  const nodes = redis.map(openRedis);
  const [first] = nodes;
  if (first === undefined) throw new Error('No Redis server was given to connect to.');
  const connection = await connect({
    servers: nats.map(({ host, port }) => `${host}:${port}`),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    // Switches to another server if the current one is frozen.
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
    jetstream: await connection.jetstreamManager({ checkAPI: false }),
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

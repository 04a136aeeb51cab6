import type { LocalProcess } from '@ads/local';
import { Redis } from 'ioredis';
import { connect, type NatsConnection } from 'nats';
import pg from 'pg';

/** Connections of our own to each server, past the networks that are made worse. */
export interface Eyes {
  readonly database: pg.Pool;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  close(): Promise<void>;
}

/** Looks at running servers; the connections come back by themselves when a server does. */
export async function openEyes(
  postgres: LocalProcess,
  redis: LocalProcess,
  nats: readonly LocalProcess[],
): Promise<Eyes> {
  const { env } = postgres;
  const database = new pg.Pool({
    host: env.POSTGRES_HOST,
    port: Number(env.POSTGRES_PORT),
    user: env.POSTGRES_USER,
    password: env.POSTGRES_PASSWORD,
    database: env.POSTGRES_DB,
    max: 2,
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
    // Its own, whatever the role has been given.
    statement_timeout: 60_000,
  });
  database.on('error', () => undefined);
  const counters = new Redis({
    host: redis.host,
    port: redis.port,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 3,
    retryStrategy: () => 200,
  });
  counters.on('error', () => undefined);
  const connection = await connect({
    servers: nats.map(({ host, port }) => `${host}:${port}`),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    // One that is frozen is left for another.
    pingInterval: 2_000,
  });
  return {
    database,
    redis: counters,
    nats: connection,
    async close() {
      counters.disconnect();
      await Promise.allSettled([database.end(), connection.close()]);
    },
  };
}

import type { ClientConfig } from 'pg';
import type { PostgresConfig } from '../variables.js';
import { POSTGRES_SESSION } from './postgres-session.js';

/** Where Postgres is and how to connect: for a pool, a client or a migration. */
export function postgresConnection(config: Omit<PostgresConfig, 'POSTGRES_POOL_SIZE'>): ClientConfig {
  return {
    host: config.POSTGRES_HOST,
    port: config.POSTGRES_PORT,
    user: config.POSTGRES_USER,
    password: config.POSTGRES_PASSWORD,
    database: config.POSTGRES_DB,
    ssl: tlsOf(config.POSTGRES_SSLMODE),
    options: POSTGRES_SESSION,
    connectionTimeoutMillis: config.POSTGRES_TIMEOUT_MS,
  };
}

/** Converts the modes of libpq. By itself node-postgres treats `require` like `verify-full`. */
function tlsOf(mode: PostgresConfig['POSTGRES_SSLMODE']): ClientConfig['ssl'] {
  return mode === 'disable' ? false : { rejectUnauthorized: mode === 'verify-full' };
}

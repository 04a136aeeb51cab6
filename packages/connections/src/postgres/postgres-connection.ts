import type { ClientConfig } from 'pg';
import { tlsOptions } from '../tls.js';
import { postgresSession } from './postgres-session.js';
import type { PostgresConfig } from './postgres-variables.js';

/** Where Postgres is and how to connect: for a pool, a client or a migration. */
export function postgresConnection(config: Omit<PostgresConfig, 'POSTGRES_POOL_SIZE'>): ClientConfig {
  const { DATABASE_URL: url } = config;
  const host = url?.host ?? config.POSTGRES_HOST;
  const tls = tlsOptions({
    mode: url?.sslmode ?? config.POSTGRES_SSLMODE,
    ca: config.POSTGRES_TLS_CA,
    cert: config.POSTGRES_TLS_CERT,
    key: config.POSTGRES_TLS_KEY,
  });
  return {
    host,
    port: url?.port ?? config.POSTGRES_PORT,
    user: url?.user ?? config.POSTGRES_USER,
    password: url?.password ?? config.POSTGRES_PASSWORD,
    database: url?.database ?? config.POSTGRES_DB,
    // A Unix socket has no TLS, as in libpq.
    ssl: host.startsWith('/') ? false : (tls ?? false),
    options: postgresSession(config.POSTGRES_SCHEMA),
    connectionTimeoutMillis: config.POSTGRES_TIMEOUT_MS,
  };
}

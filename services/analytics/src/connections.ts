import { openCatalogueDatabase, openPostgres, openRedis, type Postgres, type RedisConnection } from '@ads/connections';
import { type Clock, type ProcessContext, probe } from '@ads/runtime';
import type { AnalyticsConfig } from './config.js';

/** One each for a read of all ads, a look-up, and a ranking of ads. */
const CATALOGUE_CONNECTIONS = 3;

export interface Connections {
  readonly postgres: Postgres;
  readonly redis: RedisConnection;
  readonly catalogueDatabase: Postgres;
}

/** Connects to all dependencies in the background and probes them. `clock` measures Postgres. */
export function openConnections(
  { config, logger, metrics, shutdown }: ProcessContext<AnalyticsConfig>,
  clock: Clock,
): Connections {
  const options = { service: 'analytics', metrics, logger };
  const postgres = openPostgres(config, { ...options, onTime: (time) => clock.observe('postgres', time) });
  shutdown.add('postgres', postgres.close);
  const redis = openRedis(config, options);
  shutdown.add('redis', redis.close);
  const catalogueDatabase = openCatalogueDatabase(config, options, CATALOGUE_CONNECTIONS);
  shutdown.add('postgres of the catalogue', catalogueDatabase.close);
  shutdown.add('probes', probe([postgres.ping, redis.ping, catalogueDatabase.ping]));
  return { postgres, redis, catalogueDatabase };
}

import {
  ensureStreams,
  type Nats,
  openCatalogueDatabase,
  openNats,
  openPostgres,
  openRedis,
  type Postgres,
  type RedisConnection,
  streamLimits,
} from '@ads/connections';
import { streamSettings } from '@ads/models';
import { type Clock, type ProcessContext, probe } from '@ads/runtime';
import type { IngestConfig } from './config.js';

/** One each for a read of all ads, a look-up, a page of the list, a read of the served ads, and a look-up of one. */
const CATALOGUE_CONNECTIONS = 5;

export interface Connections {
  readonly postgres: Postgres;
  readonly redis: RedisConnection;
  readonly nats: Nats;
  readonly catalogueDatabase: Postgres;
}

/** Connects to all dependencies in the background and probes them. `clock` measures Postgres and NATS. */
export function openConnections(
  { config, logger, metrics, shutdown }: ProcessContext<IngestConfig>,
  clock: Pick<Clock, 'observe'>,
): Connections {
  const options = { service: 'ingest', metrics, logger };
  const postgres = openPostgres(config, {
    ...options,
    // Players retry themselves.
    attempts: 1,
    onTime: (time) => clock.observe('postgres', time),
  });
  shutdown.add('postgres', postgres.close);
  const redis = openRedis(config, options);
  shutdown.add('redis', redis.close);
  const streams = streamSettings(streamLimits(config));
  const nats = openNats(config, {
    ...options,
    setUp: async (connection) => clock.observe('nats', await ensureStreams(connection, streams)),
  });
  shutdown.add('nats', nats.close);
  const catalogueDatabase = openCatalogueDatabase(config, options, CATALOGUE_CONNECTIONS);
  shutdown.add('postgres of the catalogue', catalogueDatabase.close);
  shutdown.add('probes', probe([postgres.ping, redis.ping, nats.ping, catalogueDatabase.ping]));
  return { postgres, redis, nats, catalogueDatabase };
}

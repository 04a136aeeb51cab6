import {
  type Nats,
  openNats,
  openPostgres,
  openRedis,
  type Postgres,
  type RedisConnection,
  streamLimits,
} from '@ads/connections';
import { type Clock, type ProcessContext, probe } from '@ads/runtime';
import type { ConsumerConfig } from './config.js';
import { ensureLedgerConsumer } from './ledger-consumer.js';

export interface Connections {
  readonly postgres: Postgres;
  readonly redis: RedisConnection;
  readonly nats: Nats;
}

/** Connects to all dependencies in the background and probes them. `clock` measures Postgres and NATS. */
export function openConnections(
  { config, logger, metrics, shutdown }: ProcessContext<ConsumerConfig>,
  clock: Clock,
): Connections {
  const options = { service: 'consumer', metrics, logger };
  const postgres = openPostgres(config, { ...options, onTime: (time) => clock.observe('postgres', time) });
  shutdown.add('postgres', postgres.close);
  const redis = openRedis(config, options);
  shutdown.add('redis', redis.close);
  const limits = streamLimits(config);
  const nats = openNats(config, {
    ...options,
    setUp: async (connection) =>
      clock.observe('nats', await ensureLedgerConsumer(connection, limits, config.NATS_ACK_WAIT_SECONDS)),
  });
  shutdown.add('nats', nats.close);
  shutdown.add('probes', probe([postgres.ping, redis.ping, nats.ping]));
  return { postgres, redis, nats };
}

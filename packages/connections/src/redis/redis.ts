import {
  type DependencyHealth,
  DependencyUnavailable,
  inSpan,
  type Logger,
  type Metrics,
  type SpanOptions,
} from '@ads/runtime';
import { createGuard, NotConnected } from '../resilience/resilience.js';

import { redisAddress, sentinelOptions } from './redis-client-options.js';
import { openRedisCluster } from './redis-cluster.js';
import { isRedisFailure, isRedisRefusal } from './redis-failures.js';
import { connectRedis, type RedisOptions } from './redis-server.js';
import type { RedisServers, RedisShard, RunOn } from './redis-shards.js';
import { nameOf } from './redis-topology.js';
import type { RedisConfig } from './redis-variables.js';

const SPAN: SpanOptions = { kind: 'client', attributes: { 'db.system.name': 'redis' } };

/** The connection to one server, or to the primaries of a cluster. */
export interface RedisConnection extends Pick<RedisServers, 'shards' | 'shardOf' | 'close'> {
  /** The last known state. Does not contact a server. */
  health(): DependencyHealth;
  /** Contacts every server. @throws DependencyUnavailable */
  ping(): Promise<void>;
}

/** Connects in the background and retries without limit. Returns at once and does not throw. */
export function openRedis(
  config: RedisConfig,
  options: { service: string; metrics: Metrics; logger: Logger },
): RedisConnection {
  const { metrics, logger } = options;
  const guard = createGuard({
    dependency: 'redis',
    // Longer than the timeout of one command: `fn` may send several.
    timeoutMs: 2 * config.REDIS_TIMEOUT_MS,
    attempts: 2,
    metrics,
    logger,
    isFailure: isRedisFailure,
    isRefusal: isRedisRefusal,
    isTimeout: (error) => error instanceof Error && error.message.startsWith('Command timed out'),
  });

  const runOn: RunOn = async (server, operation, fn) => {
    let status = 'ok';
    try {
      return await inSpan(operation, SPAN, () =>
        guard.execute(async () => {
          if (!server.isConnected()) throw new NotConnected(`no connection to redis${suffix(server.reason())}`);
          return fn(server.client);
        }, operation),
      );
    } catch (error) {
      status = error instanceof DependencyUnavailable ? 'unavailable' : 'error';
      throw error;
    } finally {
      metrics.redisOperations.inc({ operation, status });
    }
  };

  const redisOptions: RedisOptions = { service: options.service, logger, onFailure: guard.failed };
  const servers =
    config.REDIS_CLUSTER_NODES === undefined
      ? oneServer(config, redisOptions, runOn)
      : openRedisCluster(config.REDIS_CLUSTER_NODES, config, redisOptions, runOn);

  return {
    shards: servers.shards,
    shardOf: servers.shardOf,
    health: () => {
      const detail = servers.outage();
      return detail === undefined ? guard.health() : { ...guard.health(), status: 'down', detail };
    },
    ping: () => guard.probe(servers.readInfo),
    close: servers.close,
  };
}

function suffix(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function oneServer(config: RedisConfig, options: RedisOptions, runOn: RunOn): RedisServers {
  const address = redisAddress(config);
  const { REDIS_SENTINELS: sentinels } = config;
  const place =
    sentinels === undefined
      ? { ...address, db: config.REDIS_URL?.db ?? config.REDIS_DB }
      : { ...sentinelOptions(config, sentinels), db: config.REDIS_DB };
  const server = connectRedis(place, config, options);
  const shard: RedisShard = {
    name: sentinels === undefined ? nameOf(address) : config.REDIS_SENTINEL_NAME,
    // The single address may lead to a managed cluster with one node.
    get crossesSlots() {
      return server.isAlone();
    },
    run: (operation, fn) => runOn(server, operation, fn),
    instanceId: server.instanceId,
    identify: () => runOn(server, 'identify', () => server.identify()),
    unfit: server.unfit,
    tag: (stem) => stem,
  };
  const shards = [shard];
  return {
    shards: () => shards,
    shardOf: () => shard,
    outage: () => (server.isConnected() ? undefined : `no connection${suffix(server.reason())}`),
    readInfo: async () => {
      if (!server.isConnected()) throw new NotConnected(`no connection to redis${suffix(server.reason())}`);
      await server.readInfo();
    },
    close: server.close,
  };
}

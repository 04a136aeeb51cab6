import type { OpenServers, Servers } from '@ads/harness';
import type { RedisCluster } from '@ads/local';
import type { Dependency } from './dependency.js';
import type { NatsRoutes } from './nats-routes.js';

/** The slots of the services, each of which has a network of its own to each server. */
export const SLOTS = {
  ingest: ['ingest-1', 'ingest-2'],
  consumer: ['consumer-1', 'consumer-2'],
  analytics: ['analytics'],
} as const;

/** Slots that publish or consume. */
export const QUEUE_SLOTS: readonly string[] = [...SLOTS.ingest, ...SLOTS.consumer];
export const ALL_SLOTS: readonly string[] = [...QUEUE_SLOTS, ...SLOTS.analytics];

/** The servers and the networks to them. */
export interface ServerNetworks {
  readonly postgres: Dependency;
  /** One server, or all nodes of a cluster. */
  readonly redis: readonly Dependency[];
  /** One server, or all servers of a cluster. */
  readonly nats: readonly Dependency[];
  /** Undefined where there is one server of each kind. */
  readonly scaledOut?: ScaledOutServers;
}

export interface ScaledOutServers {
  /** Between the services and Postgres. */
  readonly pgbouncer: Dependency;
  readonly natsRoutes: NatsRoutes;
  /** Reached without simulated networks: its nodes tell the services their addresses. */
  readonly redisCluster: RedisCluster;
}

/** Servers behind networks that faults can disturb. */
export interface ChaosServers extends Servers {
  readonly networks: ServerNetworks;
  /** Everything that can be killed and started again. */
  readonly dependencies: readonly Dependency[];
}

/** A layout of the servers. */
export interface Topology {
  readonly name: string;
  /** Its servers, in words. */
  readonly title: string;
  readonly open: OpenServers<ChaosServers>;
}

export function chaosServers(networks: ServerNetworks): ChaosServers {
  const { postgres, redis, nats, scaledOut } = networks;
  const dependencies = [postgres, ...redis, ...nats, ...(scaledOut === undefined ? [] : [scaledOut.pgbouncer])];
  return {
    networks,
    dependencies,
    postgres: postgres.server,
    redis: redis.map(({ server }) => server),
    nats: nats.map(({ server }) => server),
    envOf(slot) {
      const database = (scaledOut?.pgbouncer ?? postgres).envOf(slot);
      const counters = scaledOut?.redisCluster.env ?? redis[0]?.envOf(slot);
      const variables = { ...database, ...counters };
      if (!QUEUE_SLOTS.includes(slot)) return variables;
      const addresses = nats.map((one) => one.envOf(slot).NATS_URL);
      return { ...variables, NATS_URL: addresses.join(','), NATS_STREAM_REPLICAS: String(nats.length) };
    },
    async close() {
      await Promise.allSettled([...dependencies.map((one) => one.refuse()), scaledOut?.natsRoutes.close()]);
    },
  };
}

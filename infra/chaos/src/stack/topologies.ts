import { join } from 'node:path';
import { type OpenServers, type Servers, singleServers } from '@ads/harness';
import { natsCluster, pgBouncer, postgresServer, type RedisCluster, redisCluster } from '@ads/local';
import { Dependency } from './dependency.js';
import { NatsRoutes } from './nats-routes.js';

/** The maximum size of a stream in bytes. It holds only a few minutes of load, so that a fault can fill it. */
export const STREAM_BYTES = { events: 8_000_000, deadLetters: 2_097_152 };

/** The quota of JetStream, in bytes: little more than two full streams. */
export const STORE_BYTES = 11_000_000;
const JETSTREAM = { max_file_store: String(STORE_BYTES) };

/** The slots of the services. Each slot has a separate network to each server. */
export const SLOTS = {
  ingest: ['ingest-1', 'ingest-2'],
  consumer: ['consumer-1', 'consumer-2'],
  analytics: ['analytics'],
} as const;

/** The slots that use NATS. */
const QUEUE_SLOTS: readonly string[] = [...SLOTS.ingest, ...SLOTS.consumer];
const ALL_SLOTS: readonly string[] = [...QUEUE_SLOTS, ...SLOTS.analytics];

/** The servers and the networks to them. */
interface ServerNetworks {
  readonly postgres: Dependency;
  /** One server, or all nodes of a cluster. */
  readonly redis: readonly Dependency[];
  /** One server, or all servers of a cluster. */
  readonly nats: readonly Dependency[];
  /** The parts of the scaled-out layout; undefined in the layout with one server of each kind. */
  readonly scaledOut?: ScaledOutServers;
}

export interface ScaledOutServers {
  /** The PgBouncer between the services and Postgres. */
  readonly pgbouncer: Dependency;
  readonly natsRoutes: NatsRoutes;
  /** The Redis Cluster. It has no simulated networks, because its nodes announce their own addresses to clients. */
  readonly redisCluster: RedisCluster;
}

/** Servers behind networks that faults can disturb. */
export interface ChaosServers extends Servers {
  readonly networks: ServerNetworks;
  /** All servers that can be killed and restarted. */
  readonly dependencies: readonly Dependency[];
}

/** A layout of the servers. */
export interface Topology {
  readonly name: string;
  /** The description of the servers for the output. */
  readonly title: string;
  readonly open: OpenServers<ChaosServers>;
}

/** One server of each kind. */
export const single: Topology = {
  name: 'single',
  title: 'Postgres, Redis, NATS',
  async open(folder, onMade) {
    const { postgres, redis, nats } = await singleServers(folder, onMade, JETSTREAM);
    return chaosServers({
      postgres: await Dependency.open('postgres', postgres, ALL_SLOTS),
      redis: [await Dependency.open('redis', redis[0], ALL_SLOTS)],
      nats: [await Dependency.open('nats', nats[0], QUEUE_SLOTS)],
    });
  },
};

const POOLER = 'pgbouncer';

/** Postgres behind PgBouncer, three NATS servers that keep the same streams, a Redis Cluster. */
export const scaledOut: Topology = {
  name: 'scaled-out',
  title: 'Postgres, PgBouncer, six Redis, three NATS',
  async open(folder, onMade) {
    const natsRoutes = new NatsRoutes();
    const [postgres, redis, nats] = await Promise.all([
      postgresServer({ folder: join(folder, 'postgres') }),
      redisCluster({ folder: join(folder, 'redis') }),
      natsCluster({
        folder: join(folder, 'nats'),
        jetstream: JETSTREAM,
        route: (from, to, port) => natsRoutes.open(from, to, port),
      }),
    ]);
    onMade(postgres, ...redis.nodes, ...nats.servers);
    await Promise.all([postgres.start(), redis.start(), nats.start()]);
    // PgBouncer is the only user of Postgres, so a fault of this network separates these two.
    const database = await Dependency.open('postgres', postgres, [POOLER]);
    const pooler = await pgBouncer({ folder: join(folder, POOLER), postgres: database.envOf(POOLER) });
    onMade(pooler);
    await pooler.start();
    return chaosServers({
      postgres: database,
      redis: await Promise.all(redis.nodes.map((node) => Dependency.open(node.name, node, []))),
      nats: await Promise.all(nats.servers.map((server) => Dependency.open(server.name, server, QUEUE_SLOTS))),
      scaledOut: { pgbouncer: await Dependency.open(POOLER, pooler, ALL_SLOTS), natsRoutes, redisCluster: redis },
    });
  },
};

function chaosServers(networks: ServerNetworks): ChaosServers {
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

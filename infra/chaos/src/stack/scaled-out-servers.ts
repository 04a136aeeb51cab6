import { join } from 'node:path';
import { natsCluster, pgBouncer, postgresServer, redisCluster } from '@ads/local';
import { Dependency } from './dependency.js';
import { NatsRoutes } from './nats-routes.js';
import { JETSTREAM } from './queue-limits.js';
import { ALL_SLOTS, chaosServers, QUEUE_SLOTS, type Topology } from './servers.js';

const POOLER = 'pgbouncer';

/** Postgres behind PgBouncer, three NATS servers that keep the same streams, a Redis Cluster. */
export const scaledOutServers: Topology = {
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
    // Its only user is PgBouncer: a fault that cuts Postgres off cuts it off from PgBouncer.
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

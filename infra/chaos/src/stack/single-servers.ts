import { join } from 'node:path';
import { natsServer, postgresServer, redisServer } from '@ads/local';
import { Dependency } from './dependency.js';
import { JETSTREAM } from './queue-limits.js';
import { ALL_SLOTS, chaosServers, QUEUE_SLOTS, type Topology } from './servers.js';

/** One server of each kind. */
export const singleServers: Topology = {
  name: 'single',
  title: 'Postgres, Redis, NATS',
  async open(folder, onMade) {
    const [postgres, redis, nats] = await Promise.all([
      postgresServer({ folder: join(folder, 'postgres') }),
      redisServer({ folder: join(folder, 'redis') }),
      natsServer({ folder: join(folder, 'nats'), jetstream: JETSTREAM }),
    ]);
    onMade(postgres, redis, nats);
    await Promise.all([postgres, redis, nats].map((server) => server.start()));
    return chaosServers({
      postgres: await Dependency.open('postgres', postgres, ALL_SLOTS),
      redis: [await Dependency.open('redis', redis, ALL_SLOTS)],
      nats: [await Dependency.open('nats', nats, QUEUE_SLOTS)],
    });
  },
};

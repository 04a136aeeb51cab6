import { join } from 'node:path';
import { natsServer, postgresServer, redisServer } from '@ads/local';
import { Dependency } from './dependency.js';
import { JETSTREAM } from './queue-limits.js';
import type { Topology } from './servers.js';

/** One server of each kind. */
export const singleServers: Topology = {
  name: 'single',
  title: 'Postgres, Redis, NATS',
  async open(folder, users, made) {
    const [postgres, redis, nats] = await Promise.all([
      postgresServer({ folder: join(folder, 'postgres') }),
      redisServer({ folder: join(folder, 'redis') }),
      natsServer({ folder: join(folder, 'nats'), jetstream: JETSTREAM }),
    ]);
    made(postgres, redis, nats);
    await Promise.all([postgres, redis, nats].map((server) => server.start()));
    return {
      postgres: await Dependency.open('postgres', postgres, users.all),
      redis: [await Dependency.open('redis', redis, users.all)],
      nats: [await Dependency.open('nats', nats, users.queue)],
    };
  },
};

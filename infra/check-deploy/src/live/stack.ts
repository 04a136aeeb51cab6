import { join } from 'node:path';
import {
  type LocalProcess,
  migrate,
  natsServer,
  postgresServer,
  redisServer,
  type ServiceName,
  seedSampleAds,
  serviceProcess,
} from '@ads/local';

/** The servers and the services, each a process of its own. */
export type LiveStack = Readonly<Record<'postgres' | 'redis' | 'nats' | ServiceName, LocalProcess>>;

/**
 * @param env settings of the services beside the addresses of their servers
 * @param onStart told of each process before it is started
 */
export async function startStack(
  folder: string,
  env: Readonly<Record<string, string>>,
  onStart: (process: LocalProcess) => void,
): Promise<LiveStack> {
  const [postgres, redis, nats] = await Promise.all([
    postgresServer({ folder: join(folder, 'postgres') }),
    redisServer({ folder: join(folder, 'redis') }),
    natsServer({ folder: join(folder, 'nats') }),
  ]);
  const start = async (process: LocalProcess): Promise<LocalProcess> => {
    onStart(process);
    await process.start();
    return process;
  };
  await Promise.all([postgres, redis, nats].map(start));
  await migrate(postgres.env);
  await seedSampleAds(postgres.env);
  const service = async (name: ServiceName) =>
    start(
      await serviceProcess({
        name,
        logFolder: join(folder, 'logs', name),
        env: { ...postgres.env, ...redis.env, ...nats.env, ...env },
      }),
    );
  const [ingest, consumer, analytics] = await Promise.all([
    service('ingest'),
    service('consumer'),
    service('analytics'),
  ]);
  return { postgres, redis, nats, ingest, consumer, analytics };
}

import { join } from 'node:path';
import { type LocalProcess, natsServer, postgresServer, redisServer, type Variables } from '@ads/local';

/** Running servers, and how services reach them. */
export interface Servers {
  readonly postgres: LocalProcess;
  /** One server, or all nodes of a cluster. */
  readonly redis: readonly LocalProcess[];
  /** One server, or all servers of a cluster. */
  readonly nats: readonly LocalProcess[];
  /** Returns the variables of a process by the name of its slot. */
  envOf(slot: string): Variables;
  /** Ends everything that is not a process, such as simulated networks. */
  close(): Promise<void>;
}

/**
 * Starts servers.
 *
 * @param folder for their data
 * @param onMade is called with each process before it starts; the caller must end the process
 */
export type OpenServers<S extends Servers> = (
  folder: string,
  onMade: (...processes: readonly LocalProcess[]) => void,
) => Promise<S>;

/** One server of each kind. */
export interface SingleServers extends Servers {
  readonly redis: readonly [LocalProcess];
  readonly nats: readonly [LocalProcess];
}

/**
 * One server of each kind, which services reach directly. The servers sync to disk as they do by default.
 *
 * @param jetstream additional settings of JetStream
 */
export async function singleServers(
  folder: string,
  onMade: (...processes: readonly LocalProcess[]) => void,
  jetstream: Readonly<Record<string, string>> = {},
): Promise<SingleServers> {
  const [postgres, redis, nats] = await Promise.all([
    postgresServer({ folder: join(folder, 'postgres') }),
    redisServer({ folder: join(folder, 'redis') }),
    natsServer({ folder: join(folder, 'nats'), jetstream }),
  ]);
  onMade(postgres, redis, nats);
  await Promise.all([postgres, redis, nats].map((server) => server.start()));
  const env = { ...postgres.env, ...redis.env, ...nats.env };
  return { postgres, redis: [redis], nats: [nats], envOf: () => env, close: async () => undefined };
}

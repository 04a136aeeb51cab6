import { join } from 'node:path';
import { type LocalProcess, natsServer, postgresServer, redisServer, type Variables } from '@ads/local';

/** Running servers, and how services reach them. */
export interface Servers {
  readonly postgres: LocalProcess;
  /** One server, or all nodes of a cluster. */
  readonly redis: readonly LocalProcess[];
  /** One server, or all servers of a cluster. */
  readonly nats: readonly LocalProcess[];
  /** The variables of one process, by the name of its slot. */
  envOf(slot: string): Variables;
  /** Ends what is no process, such as networks. */
  close(): Promise<void>;
}

/**
 * Starts servers.
 *
 * @param folder for their data
 * @param onMade gets each process before it starts: the caller ends it
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
 * One server of each kind, on file storage with every default sync, that services reach directly.
 *
 * @param jetstream settings of JetStream beside the usual ones
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

import type { LocalProcess, RedisCluster } from '@ads/local';
import type { Dependency } from './dependency.js';
import type { NatsRoutes } from './nats-routes.js';

/** The servers of a stack, started, and the networks to them. */
export interface Servers {
  readonly postgres: Dependency;
  /** One, or all of a cluster. */
  readonly redis: readonly Dependency[];
  /** The same. */
  readonly nats: readonly Dependency[];
  /** What there is only where there is more than one of each. */
  readonly scaledOut?: ScaledOutServers;
}

export interface ScaledOutServers {
  /** Between the services and Postgres. */
  readonly pgbouncer: Dependency;
  readonly natsRoutes: NatsRoutes;
  /** Reached without networks of ours between: its nodes tell the services where they are. */
  readonly redisCluster: RedisCluster;
}

/** Who gets a network of its own to each server. */
export interface ServerUsers {
  readonly all: readonly string[];
  /** Those who publish or consume. */
  readonly queue: readonly string[];
}

/** A way to lay out the servers of a stack. */
export interface Topology {
  readonly name: string;
  /** What it has, for whoever watches. */
  readonly title: string;
  /**
   * Starts them.
   *
   * @param folder for what they keep
   * @param made told of each before it is started: whoever asked for it ends it
   */
  open(folder: string, users: ServerUsers, made: (...servers: readonly LocalProcess[]) => void): Promise<Servers>;
}

/** All of them: what can be killed and started again. */
export function dependenciesOf({ postgres, redis, nats, scaledOut }: Servers): readonly Dependency[] {
  return [postgres, ...redis, ...nats, ...(scaledOut === undefined ? [] : [scaledOut.pgbouncer])];
}

/** The variables by which a process reaches what it uses, over its own networks. */
export function variablesOf(servers: Servers, users: ServerUsers, user: string): Record<string, string> {
  const { postgres, redis, nats, scaledOut } = servers;
  const database = (scaledOut?.pgbouncer ?? postgres).envOf(user);
  const counters = scaledOut?.redisCluster.env ?? redis[0]?.envOf(user);
  const variables = { ...database, ...counters };
  if (!users.queue.includes(user)) return variables;
  const addresses = nats.map((one) => one.envOf(user).NATS_URL);
  return { ...variables, NATS_URL: addresses.join(','), NATS_STREAM_REPLICAS: String(nats.length) };
}

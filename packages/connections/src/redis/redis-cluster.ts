import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DependencyUnavailable, every, within } from '@ads/runtime';
import slotOf from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { NotConnected } from '../resilience/resilience.js';

import type { RedisAddress } from './redis-address.js';
import { ignoreLaterErrors, redisClientOptions } from './redis-client-options.js';
import { connectRedis, type RedisOptions, type RedisServer } from './redis-server.js';
import type { RedisServers, RedisShard, RunOn } from './redis-shards.js';
import { nameOf, newest, type Primary, readTopology, SLOTS, slotsServed, type Topology } from './redis-topology.js';
import type { RedisConfig } from './redis-variables.js';

/** Interval at which the nodes are asked which server serves which slots. */
const REFRESH_EVERY_MS = 1_000;
/** The same after a failure: a failover takes a second or more. */
const REFRESH_AGAIN_MS = 250;

/** The current primaries. Replaced as a whole when they change. */
interface View {
  readonly topology: Topology;
  readonly servers: ReadonlyMap<string, RedisServer>;
  readonly shards: readonly RedisShard[];
  /** The shard of each slot. */
  readonly owners: readonly (RedisShard | undefined)[];
}

const EMPTY_VIEW: View = {
  topology: { primaries: [], nodes: [], ok: false, epoch: 0 },
  servers: new Map(),
  shards: [],
  owners: [],
};

/**
 * Connects to each primary of a cluster. It follows no redirection: a command that reaches the wrong node fails, and the
 * nodes are asked again which server serves which slots.
 */
export function openRedisCluster(
  seeds: readonly RedisAddress[],
  config: RedisConfig,
  options: RedisOptions,
  runOn: RunOn,
): RedisServers {
  const { logger } = options;
  let view = EMPTY_VIEW;
  let closed = false;
  /** The error of a node, if no node answered the last time. */
  let lastError: string | undefined;

  /** Asks the connected primaries; if one fails or slots are missing, also all other known nodes. */
  const refresh = async (): Promise<void> => {
    const { topology, servers } = view;
    const connected = new Map<string, Promise<Topology>>();
    for (const primary of topology.primaries) {
      const server = servers.get(nameOf(primary));
      if (server?.isConnected()) connected.set(nameOf(primary), readTopology(server.client, primary));
    }
    const answers = await Promise.allSettled(connected.values());
    if (!answers.every(isAnswer) || answers.length < topology.primaries.length || slotsServed(topology) < SLOTS) {
      const others = new Map([...topology.nodes, ...seeds].map((address) => [nameOf(address), address]));
      for (const name of connected.keys()) others.delete(name);
      const asked = [...others.values()].map((address) => askOnce(address, config, options.service));
      answers.push(...(await Promise.allSettled(asked)));
    }
    const best = newest(answers.filter(isAnswer).map(({ value }) => value));
    if (best !== undefined && !closed) adopt(best);
    const failure = answers.find((answer) => !isAnswer(answer));
    lastError = best === undefined && failure?.status === 'rejected' ? String(failure.reason?.message) : undefined;
  };

  const adopt = (topology: Topology): void => {
    if (textOf(topology) === textOf(view.topology)) {
      view = { ...view, topology };
      return;
    }
    const before = view.servers;
    const servers = new Map<string, RedisServer>();
    for (const primary of topology.primaries) {
      const name = nameOf(primary);
      servers.set(name, before.get(name) ?? connectRedis({ ...primary, db: 0 }, config, options));
    }
    view = { topology, servers, ...shardsOf(topology, servers) };
    const primaries = topology.primaries.map(nameOf);
    logger.info(`Redis Cluster has ${primaries.length} primaries`, { event: 'redis.primaries_changed', primaries });
    for (const [name, server] of before) if (!servers.has(name)) void server.close();
  };

  const shardsOf = (topology: Topology, servers: ReadonlyMap<string, RedisServer>): Pick<View, 'shards' | 'owners'> => {
    const owners = new Array<RedisShard | undefined>(SLOTS).fill(undefined);
    const shards = topology.primaries.map((primary) => {
      const shard = shardOf(primary, servers.get(nameOf(primary)) as RedisServer, runAndRefresh);
      for (const [first, last] of primary.ranges) owners.fill(shard, first, last + 1);
      return shard;
    });
    // A slot without a server makes some ads unreadable, so no shard is trusted.
    return slotsServed(topology) === SLOTS ? { shards, owners } : { shards: [], owners: [] };
  };

  const runAndRefresh: RunOn = async (server, operation, fn) => {
    try {
      return await runOn(server, operation, fn);
    } catch (error) {
      // The slots may have moved: ask the other nodes soon.
      if (error instanceof DependencyUnavailable) refreshes.runSoon();
      throw error;
    }
  };

  const outage = (): string | undefined => {
    const { topology, servers, shards } = view;
    if (topology.primaries.length === 0)
      return `no cluster node answers${lastError === undefined ? '' : `: ${lastError}`}`;
    if (shards.length === 0) return `only ${slotsServed(topology)} of ${SLOTS} slots are served`;
    const missing = [...servers]
      .filter(([, server]) => !server.isConnected())
      .map(([name, server]) => (server.reason() === undefined ? name : `${name} (${server.reason()})`));
    return missing.length === 0 ? undefined : `no connection to ${missing.join(', ')}`;
  };

  const refreshes = every(REFRESH_EVERY_MS - REFRESH_AGAIN_MS, async (signal) => {
    await refresh();
    await sleep(REFRESH_AGAIN_MS, undefined, { signal, ref: false });
    if (outage() !== undefined) refreshes.runSoon();
  });

  return {
    shards: () => view.shards,
    shardOf: (key) => {
      const owner = view.owners[slotOf(key)];
      if (owner === undefined) throw new DependencyUnavailable('redis', new NotConnected('no server serves the slot'));
      return owner;
    },
    outage,
    readInfo: async () => {
      const reason = outage();
      if (reason !== undefined) throw new NotConnected(reason);
      await Promise.all([...view.servers.values()].map((server) => server.readInfo()));
    },
    close: async () => {
      closed = true;
      await refreshes.stop();
      await Promise.all([...view.servers.values()].map((server) => server.close()));
    },
  };
}

function shardOf(primary: Primary, server: RedisServer, runOn: RunOn): RedisShard {
  // Slots that moved here are empty. The id therefore contains the set of slots, so that such a server is not trusted.
  const slots = createHash('sha1').update(JSON.stringify(primary.ranges)).digest('hex').slice(0, 12);
  const tags = new Map<string, string>();
  return {
    name: nameOf(primary),
    crossesSlots: false,
    run: (operation, fn) => runOn(server, operation, fn),
    instanceId: () => {
      const instanceId = server.instanceId();
      return instanceId === undefined ? undefined : `${instanceId}/${slots}`;
    },
    identify: () => runOn(server, 'identify', () => server.identify()),
    unfit: server.unfit,
    tag: (stem) => {
      const tag = tags.get(stem) ?? tagIn(primary, stem);
      tags.set(stem, tag);
      return tag;
    },
  };
}

/** Returns the stem and the smallest number that together have a slot of this primary. Every process gets the same result. */
function tagIn({ ranges }: Primary, stem: string): string {
  for (let number = 0; ; number += 1) {
    const slot = slotOf(`${stem}:${number}`);
    if (ranges.some(([first, last]) => first <= slot && slot <= last)) return `${stem}:${number}`;
  }
}

function textOf({ primaries }: Topology): string {
  return JSON.stringify(primaries);
}

/** Asks a node for the topology, over a connection for this one request. */
async function askOnce(address: RedisAddress, config: RedisConfig, service: string): Promise<Topology> {
  const node = new Redis({
    ...address,
    ...redisClientOptions(config),
    connectionName: service,
    connectTimeout: config.REDIS_TIMEOUT_MS,
    commandTimeout: config.REDIS_TIMEOUT_MS,
    lazyConnect: true,
    retryStrategy: () => null,
    // A replica that still loads data can answer.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
  });
  ignoreLaterErrors(node);
  // The promise below rejects with the error.
  node.on('error', () => undefined);
  // A node that hangs accepts connections and never answers.
  try {
    return await within(
      2 * config.REDIS_TIMEOUT_MS,
      node.connect().then(() => readTopology(node, address)),
    );
  } finally {
    node.disconnect();
  }
}

function isAnswer<T>(settled: PromiseSettledResult<T>): settled is PromiseFulfilledResult<T> {
  return settled.status === 'fulfilled';
}

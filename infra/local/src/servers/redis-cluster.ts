import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { waitFor } from '../wait-for.js';
import { requireExecutable } from './executables.js';
import { redisServer } from './redis.js';

/** Settings of a local Redis Cluster. */
export interface RedisClusterOptions {
  /** Folder for the data of all nodes: empty, or made now. */
  folder: string;
  /** By default 3: with fewer no majority could agree on a failover. */
  primaries?: number;
  /** Replicas of each primary; by default 1. */
  replicas?: number;
  /** How long a node may be silent before the others look for a replacement; by default 1,500 ms. */
  nodeTimeoutMs?: number;
}

/** Several Redis processes that share the keys. Each may be killed, frozen and started again like any other process. */
export interface RedisCluster {
  /** The primaries it began with, then their replicas. */
  readonly nodes: readonly LocalProcess[];
  /** The variables that a service needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts the nodes that don't run, makes a cluster of them the first time, and resolves when it works. */
  start(): Promise<void>;
  /** Those that are primaries by their own account, of the nodes that run. */
  primaries(): Promise<LocalProcess[]>;
}

const SLOTS = 16_384;
const JOIN_MS = 30_000;

/**
 * A Redis Cluster of our own, not yet started.
 * @throws Error that says what to install, when there is no `redis-server` to be had.
 */
export async function redisCluster(options: RedisClusterOptions): Promise<RedisCluster> {
  const { folder, primaries = 3, replicas = 1, nodeTimeoutMs = 1_500 } = options;
  const executable = await requireExecutable('redis-server');
  if (executable.kind === 'docker') {
    throw new Error(
      'A local Redis Cluster needs redis-server on this machine: in containers its nodes have no way to each other.',
    );
  }
  const count = primaries * (1 + replicas);
  const ports = await freePorts(count);
  const busPorts = await freePorts(count);
  const nodes = await Promise.all(
    ports.map((port, index) =>
      redisServer({
        name: `Redis ${index + 1}`,
        folder: join(folder, String(index + 1)),
        port,
        executable,
        settings: {
          'cluster-enabled': 'yes',
          'cluster-node-timeout': String(nodeTimeoutMs),
          // Else it is port + 10,000, which another server may have.
          'cluster-port': String(busPorts[index]),
          // A replica takes over however long it was without its primary.
          'cluster-replica-validity-factor': '0',
          'repl-diskless-sync-delay': '0',
        },
      }),
    ),
  );
  let joined = false;
  return {
    nodes,
    env: { REDIS_CLUSTER_NODES: nodes.map(({ host, port }) => `${host}:${port}`).join(',') },
    async start() {
      await Promise.all(nodes.filter(({ pid }) => pid === undefined).map((node) => node.start()));
      await withClients(nodes, async (clients) => {
        if (!joined) await formCluster(clients, busPorts, primaries);
        joined = true;
        await works(clients);
      });
    },
    async primaries() {
      const running = nodes.filter(({ pid }) => pid !== undefined);
      const roles = await withClients(running, (clients) => Promise.all(clients.map((client) => client.role())));
      return running.filter((_, index) => roles[index]?.[0] === 'master');
    },
  };
}

function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}

async function withClients<T>(nodes: readonly LocalProcess[], work: (clients: Redis[]) => Promise<T>): Promise<T> {
  const clients = nodes.map(({ host, port }) => new Redis({ host, port, commandTimeout: 5_000 }));
  for (const client of clients) client.on('error', () => undefined);
  try {
    return await work(clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** Makes one cluster of nodes that don't know each other yet. */
async function formCluster(clients: readonly Redis[], busPorts: readonly number[], primaries: number): Promise<void> {
  const [first] = clients;
  for (const [index, client] of clients.entries()) {
    // Two primaries with the same epoch would have to settle first which one is the older.
    await client.cluster('SET-CONFIG-EPOCH', index + 1);
    const { host = '', port = 0 } = client.options;
    if (client !== first) await first?.call('CLUSTER', 'MEET', host, port, busPorts[index] ?? 0);
  }
  const holders = clients.slice(0, primaries);
  for (const [index, client] of holders.entries()) {
    const from = Math.ceil((index * SLOTS) / primaries);
    const to = Math.ceil(((index + 1) * SLOTS) / primaries) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
  }
  const ids = await Promise.all(holders.map((client) => client.cluster('MYID')));
  await Promise.all(
    clients.slice(primaries).map((client, index) =>
      // Refused until it has heard of that primary.
      waitFor(async () => (await client.cluster('REPLICATE', String(ids[index % primaries]))) === 'OK', {
        timeoutMs: JOIN_MS,
        what: 'the nodes of the Redis Cluster to know each other',
      }),
    ),
  );
}

/** Until every node finds the cluster in order, and every replica has what its primary has. */
async function works(clients: readonly Redis[]): Promise<void> {
  await waitFor(
    async () => {
      const states = await Promise.all(
        clients.map(
          async (client) => [String(await client.cluster('INFO')), await client.info('replication')] as const,
        ),
      );
      return states.every(
        ([cluster, replication]) =>
          cluster.includes('cluster_state:ok') &&
          cluster.includes(`cluster_known_nodes:${clients.length}`) &&
          (replication.includes('role:master') || replication.includes('master_link_status:up')),
      );
    },
    { timeoutMs: JOIN_MS, what: 'the Redis Cluster to work' },
  );
}

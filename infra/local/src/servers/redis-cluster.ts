import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { waitFor } from '../wait-for.js';
import { requireInstalled } from './executables.js';
import { redisServer } from './redis.js';

/** Several Redis processes that share the keys. Each can be killed, frozen and started by itself. */
export interface RedisCluster {
  /** The initial primaries, then their replicas. */
  readonly nodes: readonly LocalProcess[];
  /** The variables that a service needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts the nodes that do not run, joins them to a cluster the first time, and resolves when the cluster works. */
  start(): Promise<void>;
  /** The running nodes that report themselves as primaries. */
  primaries(): Promise<LocalProcess[]>;
}

const SLOTS = 16_384;
/** The minimum, as fewer have no majority for a failover. */
const PRIMARIES = 3;
/** The primaries, and a replica of each. */
const NODES = 2 * PRIMARIES;
/** The cluster replaces a node that does not answer for this time, in milliseconds. */
const NODE_TIMEOUT_MS = 1_500;
const JOIN_MS = 30_000;

/**
 * Creates a local Redis Cluster, without starting it.
 * @param options.folder the folder for the data of all nodes: empty, or created if it is missing
 * @throws Error that names what to install if `redis-server` is not found
 */
export async function redisCluster({ folder }: { folder: string }): Promise<RedisCluster> {
  const executable = await requireInstalled('redis-server');
  const busPorts = await Promise.all(Array.from({ length: NODES }, freePort));
  const nodes = await Promise.all(
    busPorts.map((busPort, index) =>
      redisServer({
        name: `Redis ${index + 1}`,
        folder: join(folder, String(index + 1)),
        executable,
        settings: {
          'cluster-enabled': 'yes',
          'cluster-node-timeout': String(NODE_TIMEOUT_MS),
          // By default it is port + 10,000, which another server may use.
          'cluster-port': String(busPort),
          // A replica may take over no matter how long it was disconnected from its primary.
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
        if (!joined) await formCluster(clients, busPorts);
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

async function withClients<T>(nodes: readonly LocalProcess[], work: (clients: Redis[]) => Promise<T>): Promise<T> {
  // Imported here, because few of the programs that start servers start a cluster.
  const { Redis } = await import('ioredis');
  const clients = nodes.map(({ host, port }) => new Redis({ host, port, commandTimeout: 5_000 }));
  for (const client of clients) client.on('error', () => undefined);
  try {
    return await work(clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** Joins nodes that do not know each other to one cluster. */
async function formCluster(clients: readonly Redis[], busPorts: readonly number[]): Promise<void> {
  const [first] = clients;
  for (const [index, client] of clients.entries()) {
    // Two primaries with the same epoch would first have to resolve the conflict.
    await client.cluster('SET-CONFIG-EPOCH', index + 1);
    const { host = '', port = 0 } = client.options;
    if (client !== first) await first?.call('CLUSTER', 'MEET', host, port, busPorts[index] ?? 0);
  }
  const holders = clients.slice(0, PRIMARIES);
  for (const [index, client] of holders.entries()) {
    const from = Math.ceil((index * SLOTS) / PRIMARIES);
    const to = Math.ceil(((index + 1) * SLOTS) / PRIMARIES) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
  }
  const ids = await Promise.all(holders.map((client) => client.cluster('MYID')));
  await Promise.all(
    clients.slice(PRIMARIES).map((client, index) =>
      // The replica refuses the command until it knows its primary.
      waitFor(async () => (await client.cluster('REPLICATE', String(ids[index % PRIMARIES]))) === 'OK', {
        timeoutMs: JOIN_MS,
        what: 'the nodes of the Redis Cluster to know each other',
      }),
    ),
  );
}

/** Waits until every node reports a working cluster, and every replica has the data of its primary. */
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
    { timeoutMs: JOIN_MS, what: 'the Redis Cluster to be healthy' },
  );
}

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { waitFor } from '../wait-for.js';
import { requireInstalled } from './executables.js';
import { type NatsOptions, natsServer } from './nats.js';

/** Settings of a local NATS cluster. */
export interface NatsClusterOptions {
  /** Folder for the data of all servers; created if it is missing. */
  folder: string;
  /** The port of 127.0.0.1 at which one server reaches another; by default `port`, that of the other server. */
  route?: (from: string, to: string, port: number) => number | Promise<number>;
  /** The settings of each server. */
  jetstream?: NatsOptions['jetstream'];
}

/** Three NATS servers that replicate their streams. */
export interface NatsCluster {
  /** `nats-1` to `nats-3`, each of which can be killed, paused and started by itself. */
  readonly servers: readonly LocalProcess[];
  /** Resolves when the cluster has a leader and the other servers are up to date. */
  start(): Promise<void>;
}

const NAMES = ['nats-1', 'nats-2', 'nats-3'] as const;
const READY_MS = 15_000;
const READY_AGAIN_MS = 60_000;

/**
 * Creates a NATS cluster with JetStream on file storage, without starting it.
 * @throws Error that names what to install if `nats-server` is not found
 */
export async function natsCluster({ folder, route, jetstream = {} }: NatsClusterOptions): Promise<NatsCluster> {
  const executable = await requireInstalled('nats-server');
  const places = await Promise.all(
    NAMES.map(async (name) => ({ name, port: await freePort(), monitorPort: await freePort() })),
  );
  // Begins with a letter, as NATS reads a value of digits as a number.
  const password = `p${randomBytes(16).toString('hex')}`;
  const servers = await Promise.all(
    places.map(async (place) => {
      const others = places.filter((other) => other !== place);
      const routes = await Promise.all(others.map(({ name, port }) => route?.(place.name, name, port) ?? port));
      const cluster = { ...place, routes, password };
      return await natsServer({ folder: join(folder, place.name), executable, jetstream, cluster });
    }),
  );
  return {
    servers,
    async start() {
      // One after the other: two servers that connect to each other at the same time may each close the route that the other
      // keeps, as a duplicate. On a busy machine that may repeat for a minute.
      for (const server of servers) await server.start();
      const outside = async () => outsideGroup(await Promise.all(places.map(readMeta)));
      const complete = async () => (await outside()).length === 0;
      const what = 'the NATS cluster to elect a leader that all servers follow';
      // After a start on a busy machine a server of NATS 2.9 may never join the group. A restart helps.
      await waitFor(complete, { timeoutMs: READY_MS, what }).catch(async () => {
        for (const name of await outside()) {
          const server = servers[NAMES.indexOf(name)] as LocalProcess;
          await server.kill();
          await server.start();
        }
        await waitFor(complete, { timeoutMs: READY_AGAIN_MS, what });
      });
    },
  };
}

/** A server's view of the group that places streams. Only the leader of the group knows the other servers. */
interface Meta {
  readonly leader?: string;
  readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[];
}

/** @returns an empty view if the server does not answer */
async function readMeta({ monitorPort }: { monitorPort: number }): Promise<Meta> {
  try {
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/jsz`, { signal: AbortSignal.timeout(2_000) });
    return ((await answer.json()) as { meta_cluster?: Meta }).meta_cluster ?? {};
  } catch {
    return {};
  }
}

/** The servers that are neither leader nor up-to-date follower; all servers if no leader is elected. */
function outsideGroup(metas: readonly Meta[]): (typeof NAMES)[number][] {
  const { leader, replicas = [] } = metas.find((meta) => meta.leader !== undefined && meta.replicas) ?? {};
  const followers = replicas.filter(({ current, offline }) => current && offline !== true).map(({ name }) => name);
  return NAMES.filter((name) => name !== leader && !followers.includes(name));
}

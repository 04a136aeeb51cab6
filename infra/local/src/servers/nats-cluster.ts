import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { waitFor } from '../wait-for.js';
import { requireExecutable } from './executables.js';
import { type NatsOptions, natsServer } from './nats.js';

/** Settings of a local NATS cluster. */
export interface NatsClusterOptions {
  /** Folder for what all of its servers keep; made when it is missing. */
  folder: string;
  /** The port of 127.0.0.1 by which one server reaches another; the other's own, which is `port`, unless told. */
  route?: (from: string, to: string, port: number) => number | Promise<number>;
  /** The settings of each server. */
  jetstream?: NatsOptions['jetstream'];
}

/** Three NATS servers that keep the same streams. */
export interface NatsCluster {
  /** `nats-1` to `nats-3`: each can be killed, paused and started again by itself. */
  readonly servers: readonly LocalProcess[];
  /** Resolves when there is a leader of them all, and the others are up to date. */
  start(): Promise<void>;
}

const NAMES = ['nats-1', 'nats-2', 'nats-3'] as const;
const READY_MS = 60_000;

/**
 * A NATS cluster of our own with JetStream on file storage, not yet started.
 * @throws Error that says what to install, when there is no `nats-server` to be had.
 */
export async function natsCluster({ folder, route, jetstream = {} }: NatsClusterOptions): Promise<NatsCluster> {
  const executable = await requireExecutable('nats-server');
  const places = await Promise.all(
    NAMES.map(async (name) => ({ name, port: await freePort(), monitorPort: await freePort() })),
  );
  // A letter first: NATS takes a value of digits alone for a number.
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
      // One after the other: two that look for each other at the same time may close, each as a duplicate, the route that
      // the other one keeps, and on a busy machine go on so for a minute.
      for (const server of servers) await server.start();
      await waitFor(async () => (await Promise.all(places.map(readMeta))).some(isComplete), {
        timeoutMs: READY_MS,
        what: 'the NATS cluster to have a leader whom all follow',
      });
    },
  };
}

/** What a server knows of the group that decides where streams are; only its leader knows the others. */
interface Meta {
  readonly leader?: string;
  readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
}

async function readMeta({ monitorPort }: { monitorPort: number }): Promise<Meta> {
  const answer = await fetch(`http://127.0.0.1:${monitorPort}/jsz`, { signal: AbortSignal.timeout(2_000) });
  return ((await answer.json()) as { meta_cluster?: Meta }).meta_cluster ?? {};
}

function isComplete({ leader, replicas = [] }: Meta): boolean {
  const current = replicas.filter((replica) => replica.current && replica.offline !== true);
  return leader !== undefined && current.length === NAMES.length - 1;
}

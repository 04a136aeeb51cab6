import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { waitFor } from '../wait-for.js';
import { requireInstalled } from './executables.js';
import { type NatsOptions, natsServer } from './nats.js';

/** Settings of a local NATS cluster. */
export interface NatsClusterOptions {
  /** Folder for what all of its servers keep; made when it is missing. */
  folder: string;
  /** The port of 127.0.0.1 by which one server reaches another; by default `port`, the other's own. */
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
const READY_MS = 15_000;
const READY_AGAIN_MS = 60_000;

/**
 * A NATS cluster of our own with JetStream on file storage, not yet started.
 * @throws Error that says what to install, when there is no `nats-server` to be had.
 */
export async function natsCluster({ folder, route, jetstream = {} }: NatsClusterOptions): Promise<NatsCluster> {
  const executable = await requireInstalled('nats-server');
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
      const outside = async () => outsideGroup(await Promise.all(places.map(readMeta)));
      const complete = async () => (await outside()).length === 0;
      const what = 'the NATS cluster to have a leader whom all follow';
      // A server of NATS 2.9 can stay outside the group for ever after a start on a busy machine. A restart lets it in.
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

/** A server's view of the group that places streams; only the leader of the group knows the others. */
interface Meta {
  readonly leader?: string;
  readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[];
}

/** @returns nothing known, when the server does not answer */
async function readMeta({ monitorPort }: { monitorPort: number }): Promise<Meta> {
  try {
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/jsz`, { signal: AbortSignal.timeout(2_000) });
    return ((await answer.json()) as { meta_cluster?: Meta }).meta_cluster ?? {};
  } catch {
    return {};
  }
}

/** The servers that neither lead nor follow: all of them when there is no leader. */
function outsideGroup(metas: readonly Meta[]): (typeof NAMES)[number][] {
  const { leader, replicas = [] } = metas.find((meta) => meta.leader !== undefined && meta.replicas) ?? {};
  const followers = replicas.filter(({ current, offline }) => current && offline !== true).map(({ name }) => name);
  return NAMES.filter((name) => name !== leader && !followers.includes(name));
}

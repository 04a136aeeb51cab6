import { dirname, join } from 'node:path';
import { waitFor } from '@ads/local';
import { EVENT_STREAM } from '@ads/models';
import type { ChaosStack } from '../stack/chaos-stack.js';
import type { Dependency } from '../stack/dependency.js';
import { moveToSmallVolume, type SmallVolume } from '../stack/small-volume.js';
import { STORE_BYTES } from '../stack/topologies.js';
import type { Fault } from './fault.js';
import { fill } from './queue.js';

/** The timeout of a restart. A server reads its streams within milliseconds, and three servers agree within seconds. */
const BACK_MS = 10_000;
/** The number of bytes that a server writes in addition to its streams. */
const OVERHEAD_BYTES = 1_000_000;

/** The number of messages in the event stream; undefined while a server lags behind the leader. */
async function backlog({ admin }: ChaosStack, servers: number): Promise<number | undefined> {
  const { state, cluster } = await admin.jetstream.streams.info(EVENT_STREAM);
  const current = cluster?.replicas?.filter((replica) => replica.current).length ?? 0;
  const isWhole = servers === 1 || (cluster?.leader !== undefined && current === servers - 1);
  return isWhole ? state.messages : undefined;
}

/** Restarts the servers one after the other, with a full stream on a volume that is more than half full. */
function restart(name: string, serversOf: (stack: ChaosStack) => readonly Dependency[], scaledOut?: true): Fault {
  return {
    name,
    ...(scaledOut && { scaledOut }),
    signals: ['nats'],
    async run({ stack, journal, expect }) {
      const servers = serversOf(stack);
      const consumers = stack.slotsOf('consumer');
      await Promise.all(consumers.map((slot) => slot.kill()));
      await fill(stack, journal);
      const held = await waitFor(() => backlog(stack, servers.length), { timeoutMs: BACK_MS, what: 'a full stream' });
      const volumes: SmallVolume[] = [];
      try {
        for (const one of servers) {
          await one.kill();
          const folder = join(dirname(one.server.logFile), 'jetstream');
          volumes.push(await moveToSmallVolume(folder, STORE_BYTES + OVERHEAD_BYTES));
          await one.start();
          // No consumer runs, so the stream only grows.
          const what = `${held} messages to survive the restart of ${one.name}`;
          await expect(what, BACK_MS, async () => ((await backlog(stack, servers.length)) ?? -1) >= held);
        }
      } finally {
        await Promise.all(servers.map((one) => one.kill()));
        for (const volume of volumes) await volume.release();
        await Promise.all(servers.map((one) => one.start()));
      }
      await Promise.all(consumers.map((slot) => slot.start()));
    },
  };
}

/** A large backlog leaves little free disk space. NATS must keep the backlog when it restarts in this state. */
export const smallVolumes: readonly Fault[] = [
  restart('nats-restart-volume-full', (stack) => [stack.nats]),
  restart('nats-restart-each-volume-full', (stack) => stack.natsServers, true),
];

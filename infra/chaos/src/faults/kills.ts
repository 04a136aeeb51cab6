import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '@ads/local';
import { waitFor } from '@ads/local';
import type { ChaosStack } from '../stack/chaos-stack.js';
import { type Fault, type FaultContext, pause } from './fault.js';

/** A killed process is started again after a time in this range. */
export const DEAD_MS = [200, 2_500] as const;

function killService(service: ServiceName): Fault {
  return {
    name: `kill-${service}`,
    signals: [],
    async run({ stack, random }) {
      const slot = random.pick(stack.slotsOf(service));
      await slot.kill();
      await pause(random, ...DEAD_MS);
      await slot.start();
    },
  };
}

function redisFile(stack: ChaosStack): string {
  return join(stack.folder, 'redis', 'dump.rdb');
}

async function killRedis({ stack, random }: FaultContext): Promise<void> {
  await stack.redis.kill();
  await pause(random, ...DEAD_MS);
}

/** Kills the postmaster alone. Its children end by themselves; until then a new postmaster does not start. */
export function killPostmaster(name: string, signal: NodeJS.Signals): Fault {
  return {
    name,
    signals: ['postgres'],
    async run({ stack, random }) {
      const { postgres } = stack;
      const { pid } = postgres.server;
      if (pid !== undefined) process.kill(pid, signal);
      await waitFor(() => postgres.server.pid === undefined, { timeoutMs: 20_000, what: 'the postmaster to end' });
      await postgres.refuse();
      await pause(random, ...DEAD_MS);
      await waitFor(() => postgres.start().then(() => true), {
        timeoutMs: 60_000,
        intervalMs: 500,
        what: 'Postgres to start on its data',
      });
    },
  };
}

/** SIGKILL of any process at any time. */
export const kills: readonly Fault[] = [
  killService('ingest'),
  killService('consumer'),
  killService('analytics'),
  {
    name: 'kill-nats',
    signals: ['nats'],
    async run({ stack, random }) {
      await stack.nats.kill();
      await pause(random, ...DEAD_MS);
      await stack.nats.start();
    },
  },
  {
    name: 'kill-redis-empty',
    signals: ['redis', 'counters'],
    async run(context) {
      await killRedis(context);
      rmSync(redisFile(context.stack), { force: true });
      await context.stack.redis.start();
    },
  },
  {
    name: 'kill-redis-old-file',
    signals: ['redis', 'counters'],
    async run(context) {
      const { stack, random } = context;
      await stack.admin.redis.save();
      await pause(random, 1_000, 3_000);
      await killRedis(context);
      await stack.redis.start();
    },
  },
  killPostmaster('kill-postgres-sigquit', 'SIGQUIT'),
  killPostmaster('kill-postgres-sigkill', 'SIGKILL'),
  {
    name: 'kill-all',
    signals: [],
    async run({ stack, random }) {
      await Promise.all([...stack.slots, ...stack.dependencies].map((one) => one.kill()));
      await pause(random, ...DEAD_MS);
      await Promise.all(stack.dependencies.map((dependency) => dependency.start()));
      await Promise.all(stack.slots.map((slot) => slot.start()));
    },
  },
];

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ACCEPTED, REDIRECTED } from '@ads/harness';
import { type ServiceName, waitFor } from '@ads/local';
import { DEAD_MS, type Fault, killAndStart, pause } from './fault.js';

function killService(service: ServiceName): Fault {
  return {
    name: `kill-${service}`,
    ...(service === 'ingest' ? { killsIngest: true } : {}),
    signals: [],
    run: ({ stack, random }) => killAndStart(random, random.pick(stack.slotsOf(service))),
  };
}

/** Kills only the postmaster. Its children end by themselves, and a new postmaster cannot start before that. */
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
        what: 'Postgres to restart with its data',
      });
    },
  };
}

/** Kills any process with SIGKILL at any time. */
export const kills: readonly Fault[] = [
  killService('ingest'),
  killService('consumer'),
  killService('analytics'),
  {
    name: 'kill-nats',
    signals: ['nats'],
    run: ({ stack, random }) => killAndStart(random, stack.nats),
  },
  {
    name: 'kill-redis-empty',
    signals: ['redis', 'counters'],
    async run({ stack, random }) {
      await stack.redis.kill();
      await pause(random, ...DEAD_MS);
      rmSync(join(stack.folder, 'redis', 'dump.rdb'), { force: true });
      await stack.redis.start();
    },
  },
  {
    name: 'kill-redis-old-file',
    signals: ['redis', 'counters'],
    async run({ stack, random }) {
      await stack.admin.redis.save();
      await pause(random, 1_000, 3_000);
      await killAndStart(random, stack.redis);
    },
  },
  killPostmaster('kill-postgres-sigquit', 'SIGQUIT'),
  killPostmaster('kill-postgres-sigkill', 'SIGKILL'),
  {
    name: 'kill-all',
    killsIngest: true,
    signals: [],
    async run({ stack, random }) {
      await Promise.all([...stack.slots, ...stack.dependencies].map((one) => one.kill()));
      await pause(random, ...DEAD_MS);
      await Promise.all(stack.dependencies.map((dependency) => dependency.start()));
      await Promise.all(stack.slots.map((slot) => slot.start()));
    },
  },
];

/** The outcomes that are allowed during a rolling restart. A 429 comes from the rate limits, not from the restart. */
export const UNDISTURBED: ReadonlySet<string> = new Set([ACCEPTED, REDIRECTED, '429']);

/** Restarts the services with SIGTERM, one after the other. No request may fail. */
export const rolling: Fault = {
  name: 'rolling-restart',
  signals: [],
  async run({ stack, journal, complain, random }) {
    journal.takeOutcomes();
    for (const slot of random.shuffle(stack.slots)) {
      const { code, signal } = await slot.roll();
      if (code !== 0) complain(`${slot.name} ended with ${signal ?? `code ${code}`} instead of 0`);
    }
    for (const [outcome, count] of journal.takeOutcomes()) {
      if (!UNDISTURBED.has(outcome)) complain(`${count} requests ended with ${outcome} during the rolling restart`);
    }
  },
};

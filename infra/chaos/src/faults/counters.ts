import { readLedger } from '@ads/harness';
import { waitFor } from '@ads/local';
import { MARKS_STEM, rebuildKey } from '@ads/models';
import { type Fault, pause } from './fault.js';

/** The network delay that makes a rebuild slow enough to be interrupted. A rebuild takes only a few round trips. */
const REBUILD_DELAY_MS = 60;
/** A memory limit below the memory that Redis itself needs, so that Redis refuses every write. */
const NO_ROOM = '1000000';

/** The counters in Redis are lost, cannot be raised, or cannot be reached by every consumer. */
export const counters: readonly Fault[] = [
  {
    name: 'flushall',
    signals: ['counters'],
    async run({ stack, random }) {
      for (let time = 0; time < 3; time += 1) {
        await stack.admin.redis.flushall();
        await pause(random, 100, 1_500);
      }
    },
  },
  {
    name: 'flushall-during-rebuild',
    signals: ['counters'],
    async run({ stack, random }) {
      const { redis } = stack.admin;
      for (const { name } of stack.slotsOf('consumer')) stack.redis.proxyOf(name).delay(REBUILD_DELAY_MS);
      try {
        for (let time = 0; time < 3; time += 1) {
          await redis.flushall();
          const token = rebuildKey(MARKS_STEM, await readLedger(stack.admin.database));
          await waitFor(() => redis.exists(token), {
            timeoutMs: 20_000,
            intervalMs: 1,
            what: 'a rebuild to start',
          });
          await pause(random, 0, 4 * REBUILD_DELAY_MS);
        }
        await redis.flushall();
      } finally {
        await stack.redis.heal();
      }
    },
  },
  {
    name: 'redis-cut-from-one-consumer',
    signals: ['redis'],
    async run({ stack, random, last }) {
      const { name } = random.pick(stack.slotsOf('consumer'));
      const proxy = stack.redis.proxyOf(name);
      await proxy.refuse();
      try {
        await last(8);
      } finally {
        await proxy.heal();
      }
    },
  },
  {
    name: 'redis-full',
    signals: ['redis'],
    async run({ stack, last }) {
      const { redis } = stack.admin;
      await redis.config('SET', 'maxmemory', NO_ROOM);
      try {
        await last(8);
      } finally {
        await redis.config('SET', 'maxmemory', '0');
      }
    },
  },
];

import type { CounterShard, CounterStore } from '@ads/ledger';
import type { ChainableCommander, Redis } from 'ioredis';

/** A point in the work of a consumer at which it kills itself. */
export type CrashPoint = 'between-commit-and-raise' | 'in-the-middle-of-raises' | 'between-raise-and-ack';

/** Number of ads that are raised before the kill; one is enough to be within a batch. */
const RAISED_BEFORE_CRASH = 1;

/** The given store, which kills the process when the batch of this number is raised. */
export function crashingStore(store: CounterStore, point: CrashPoint, afterBatches: number): CounterStore {
  let batches = 0;
  const crashing = (shard: CounterShard): CounterShard => ({
    ...shard,
    // One call per ad, as in a cluster, because a small batch would otherwise be a single call.
    crossesSlots: false,
    async run(operation, call) {
      if (operation === 'raise') batches += 1;
      if (operation !== 'raise' || batches < afterBatches) return await shard.run(operation, call);
      if (point === 'between-commit-and-raise') return await crash();
      if (point === 'in-the-middle-of-raises') return await shard.run(operation, (redis) => call(halfWay(redis)));
      await shard.run(operation, call);
      return await crash();
    },
  });
  const shards = new Map<CounterShard, CounterShard>();
  const wrapped = (shard: CounterShard): CounterShard => {
    const known = shards.get(shard) ?? crashing(shard);
    shards.set(shard, known);
    return known;
  };
  return {
    shards: () => store.shards().map(wrapped),
    shardOf: (key) => wrapped(store.shardOf(key)),
  };
}

/** A Redis that kills the process after the first command of a pipeline. */
function halfWay(redis: Redis): Redis {
  return new Proxy(redis, {
    get(target, name) {
      if (name !== 'pipeline') return Reflect.get(target, name, target);
      return () => {
        const pipeline = target.pipeline();
        let commands = 0;
        const half: Pick<ChainableCommander, 'evalsha' | 'exec'> = {
          evalsha: ((...command: Parameters<ChainableCommander['evalsha']>) => {
            commands += 1;
            if (commands <= RAISED_BEFORE_CRASH) pipeline.evalsha(...command);
            return half;
          }) as ChainableCommander['evalsha'],
          async exec() {
            const results = await pipeline.exec();
            // Redis did not know the script: it is loaded, and all calls are repeated.
            return results?.some(([error]) => error !== null) ? results : await crash();
          },
        };
        return half;
      };
    },
  });
}

/** Ends this process by SIGKILL, so that no further code runs. */
function crash(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

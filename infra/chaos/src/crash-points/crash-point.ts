import type { CounterShard, CounterStore } from '@ads/ledger';
import type { ChainableCommander, Redis } from 'ioredis';

/** A point in the work of a consumer, at which it dies. */
export type CrashPoint = 'between-commit-and-raise' | 'in-the-middle-of-raises' | 'between-raise-and-ack';

/** Raises that go through before that; of ads, not of batches: one of them is enough to be in the middle. */
const RAISED_BEFORE_CRASH = 1;

/** A store that is like the given one, until the batch of this number is raised: then the process is gone. */
export function crashingStore(store: CounterStore, point: CrashPoint, afterBatches: number): CounterStore {
  let batches = 0;
  const crashing = (shard: CounterShard): CounterShard => ({
    ...shard,
    // As in a cluster, where each ad has a call of its own: else a small batch has no middle.
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

/** A Redis whose pipelines end after their first command, and the process with them. */
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
            // The script was not known yet: it is loaded, and all of it is called again.
            return results?.some(([error]) => error !== null) ? results : await crash();
          },
        };
        return half;
      };
    },
  });
}

/** SIGKILL: nothing of this process runs after it. */
function crash(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

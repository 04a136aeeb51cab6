import type { CounterStore } from '@ads/ledger';
import type { ChainableCommander, Redis } from 'ioredis';

/** A point in the work of a consumer, at which it dies. */
export type CrashPoint = 'between-commit-and-raise' | 'in-the-middle-of-raises' | 'between-raise-and-ack';

/** Raises that go through before that; of ads, not of batches: one of them is enough to be in the middle. */
const RAISED_BEFORE_CRASH = 1;

/** A store that is like the given one, until the batch of this number is raised: then the process is gone. */
export function crashingStore(store: CounterStore, point: CrashPoint, afterBatches: number): CounterStore {
  let batches = 0;
  return {
    lifetime: () => store.lifetime(),
    evicts: () => store.evicts(),
    async run(operation, call) {
      if (operation === 'raise') batches += 1;
      if (operation !== 'raise' || batches < afterBatches) return await store.run(operation, call);
      if (point === 'between-commit-and-raise') return await crash();
      if (point === 'in-the-middle-of-raises') return await store.run(operation, (redis) => call(halfWay(redis)));
      await store.run(operation, call);
      return await crash();
    },
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

import type { CounterShard, CounterStore, Database, RecordingDatabase } from '@ads/ledger';
import type { ChainableCommander, Redis } from 'ioredis';

/** The step after which a consumer kills itself. */
export type CrashPoint = 'between-judge-and-commit' | RaisePoint;
type RaisePoint = 'between-commit-and-raise' | 'in-the-middle-of-raises' | 'between-raise-and-ack';

/** The number of ads whose counters are raised before the kill. One is enough to stop in the middle of a batch. */
const RAISED_BEFORE_CRASH = 1;

/**
 * Wraps a database. Kills the process when batch number `afterBatches` of those that the gate judges is judged and recorded, but
 * not committed.
 */
export function crashingDatabase<D extends RecordingDatabase>(database: D, afterBatches: number): D {
  let batches = 0;
  return {
    ...database,
    transaction: (operation, work, isKept) =>
      database.transaction(
        operation,
        async (transaction) => {
          let isJudged = false;
          const watched: Database = {
            query(statement, ...rest) {
              isJudged ||= statement === 'judge_clicks';
              return transaction.query(statement, ...rest);
            },
          };
          const result = await work(watched);
          if (isJudged) batches += 1;
          return isJudged && batches >= afterBatches ? await crash() : result;
        },
        isKept,
      ),
  };
}

/** Wraps a counter store. Kills the process while the store raises the counters of batch number `afterBatches`. */
export function crashingStore(store: CounterStore, point: RaisePoint, afterBatches: number): CounterStore {
  let batches = 0;
  const crashing = (shard: CounterShard): CounterShard => ({
    ...shard,
    // Raises each ad in a separate call, as a cluster does. A small batch would otherwise be a single call.
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

/** Wraps a Redis client. Kills the process after the first command of a pipeline. */
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
            // If Redis does not know the script, the client loads it and repeats all calls.
            return results?.some(([error]) => error !== null) ? results : await crash();
          },
        };
        return half;
      };
    },
  });
}

/** Kills this process with SIGKILL, so that no shutdown code runs. */
function crash(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

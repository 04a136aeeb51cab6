import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** One call of a script. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/** A Lua script, called by its digest, many calls in one round trip. */
export interface Script {
  /** Results in the order of the calls. Throws when one of them failed. */
  run(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]>;
}

/** A script of the given text. Redis learns it when it says that it doesn't know it (after a restart, say). */
export function script(text: string): Script {
  const digest = createHash('sha1').update(text).digest('hex');

  async function callAll(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]> {
    const pipeline = redis.pipeline();
    for (const { keys, values } of calls) pipeline.evalsha(digest, keys.length, ...keys, ...values);
    const results = (await pipeline.exec()) ?? [];
    const failure = results.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return results.map(([, result]) => result);
  }

  return {
    async run(redis, calls) {
      try {
        return await callAll(redis, calls);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        await redis.script('LOAD', text);
        // Calls that had succeeded are repeated: scripts here are reads or raises, so that changes nothing.
        return await callAll(redis, calls);
      }
    },
  };
}

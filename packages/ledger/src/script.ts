import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** One call of a script. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/** The results of calls, and the value of a key before and after them. */
export interface Framed {
  readonly before: string | null;
  readonly results: unknown[];
  readonly after: string | null;
}

/** A Lua script that is called by its digest, with many calls per round trip. */
export interface Script {
  /** @returns results in the order of the calls. @throws when a call failed */
  run(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]>;
  /** Like `run`, but also reads a key before the first call and after the last one, in the same round trip. */
  runFramed(redis: Redis, key: string, calls: readonly ScriptCall[]): Promise<Framed>;
}

/** A script with this text. It is loaded when Redis does not know it, for example after a restart. */
export function script(text: string): Script {
  const digest = createHash('sha1').update(text).digest('hex');

  /** @param frame a key to read before and after */
  async function callAll(redis: Redis, calls: readonly ScriptCall[], frame: readonly string[]): Promise<unknown[]> {
    const pipeline = redis.pipeline();
    for (const key of frame) pipeline.get(key);
    for (const { keys, values } of calls) pipeline.evalsha(digest, keys.length, ...keys, ...values);
    for (const key of frame) pipeline.get(key);
    const results = (await pipeline.exec()) ?? [];
    const failure = results.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return results.map(([, result]) => result);
  }

  async function send(redis: Redis, calls: readonly ScriptCall[], frame: readonly string[]): Promise<unknown[]> {
    try {
      return await callAll(redis, calls, frame);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      await redis.script('LOAD', text);
      // Calls that succeeded are repeated. All scripts here read or raise, so a repetition changes nothing.
      return await callAll(redis, calls, frame);
    }
  }

  return {
    run: (redis, calls) => send(redis, calls, []),
    async runFramed(redis, key, calls) {
      const results = await send(redis, calls, [key]);
      return {
        before: results[0] as string | null,
        results: results.slice(1, -1),
        after: results.at(-1) as string | null,
      };
    },
  };
}

import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.js';

/** A server that holds some of the keys, or all of them. */
export interface RedisShard {
  /** Its address: tells it from the others. */
  readonly name: string;
  /** True where one command may use keys of any slots: a cluster allows those of one slot alone. */
  readonly crossesSlots: boolean;
  /**
   * Runs commands. They may be run again after a failure, so they must be idempotent. A pipeline
   * hides the errors of its commands: `fn` must look for them.
   * @throws DependencyUnavailable, or what `fn` throws.
   */
  run<T>(operation: string, fn: (client: Redis) => Promise<T>): Promise<T>;
  /**
   * What the keys that we wrote can be relied on by: another text whenever the server may have lost some of them. It is
   * the `run_id` of the very process that this connection talks to (a restarted one has another), with the `master_replid`
   * of its data (a primary that was a replica meanwhile has those of another, with the old epoch in them), the number of
   * keys that it evicted so far, and in a cluster the slots that it serves. Undefined while disconnected, and until it was
   * read.
   */
  lifetime(): string | undefined;
  /**
   * Reads `lifetime()` again where the data of the server became those of another one: it was made a replica and a primary
   * again, and no connection broke. Without this call that shows with the next ping.
   * @throws DependencyUnavailable
   */
  identify(): Promise<void>;
  /** True if the server may drop keys when its memory is full, so that a missing one is no zero. */
  evicts(): boolean;
  /** A hash tag whose keys are on this very server: `stem`, in a cluster with a number behind it. */
  tag(stem: string): string;
}

/** `RedisShard.run` for a given server. */
export type RunOn = <T>(server: RedisServer, operation: string, fn: (client: Redis) => Promise<T>) => Promise<T>;

/** The servers behind a `RedisConnection`. */
export interface RedisServers {
  /** All of them. None while it isn't known who serves each slot. */
  shards(): readonly RedisShard[];
  /** The one that holds a key. @throws DependencyUnavailable while nobody is known to */
  shardOf(key: string): RedisShard;
  /** What keeps some keys from being reached, if anything does. */
  trouble(): string | undefined;
  /** Asks each of them for what may have changed. @throws when one can't be asked */
  readInfo(): Promise<void>;
  close(): Promise<void>;
}

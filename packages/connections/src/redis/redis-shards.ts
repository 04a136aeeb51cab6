import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.js';

/** A server that holds some or all of the keys. */
export interface RedisShard {
  /** Its address, which no other shard has. */
  readonly name: string;
  /** True if one command may use keys of different slots. A cluster refuses such commands. */
  readonly crossesSlots: boolean;
  /**
   * Runs commands. `fn` may run again after a failure, so its commands must be idempotent. A pipeline hides the errors of
   * its commands: `fn` must look for them.
   * @throws DependencyUnavailable, or the error of `fn`
   */
  run<T>(operation: string, fn: (client: Redis) => Promise<T>): Promise<T>;
  /**
   * Identifies the data of the server. The id changes whenever the server may have lost keys. It consists of
   * - the `run_id` of the process behind this connection (a restart changes it),
   * - the `master_replid` of its data (a primary that was a replica in between has the data of another server),
   * - the number of keys that it has evicted, and
   * - in a cluster the slots that it serves.
   * Undefined while disconnected, and after a connect until it has been read.
   */
  instanceId(): string | undefined;
  /**
   * Updates `instanceId()` now instead of at the next ping. The id can change without a broken connection, when the server
   * becomes a replica and then a primary again.
   * @throws DependencyUnavailable
   */
  identify(): Promise<void>;
  /**
   * Why counters on this server cannot be trusted: it may drop keys when its memory is full, or does not show whether it did.
   * Undefined if they can, and until that is known.
   */
  unfit(): string | undefined;
  /** A hash tag whose keys are all on this server: `stem`, in a cluster followed by a number. */
  tag(stem: string): string;
}

/** `RedisShard.run` for a given server. */
export type RunOn = <T>(server: RedisServer, operation: string, fn: (client: Redis) => Promise<T>) => Promise<T>;

/** The servers behind a `RedisConnection`. */
export interface RedisServers {
  /** All shards; empty until every slot has a known server. */
  shards(): readonly RedisShard[];
  /** The shard that holds a key. @throws DependencyUnavailable if none is known */
  shardOf(key: string): RedisShard;
  /** Why some keys cannot be reached; undefined if all can. */
  outage(): string | undefined;
  /** Reads the properties of every server that may change while it is connected. @throws if a server does not answer */
  readInfo(): Promise<void>;
  close(): Promise<void>;
}

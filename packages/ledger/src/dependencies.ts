import type { Redis } from 'ioredis';

/** What the ledger needs of Postgres. Each call is one statement, and fails where Postgres can't be reached. */
export interface Database {
  query<Row extends object>(operation: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What the ledger needs of Redis: one server, or several that share the ads. */
export interface CounterStore {
  /** All servers. None while it isn't known which of them holds which ad. */
  shards(): readonly CounterShard[];
  /** The one that holds a key. @throws while nobody is known to */
  shardOf(key: string): CounterShard;
}

/** A server that holds the counters of some ads, or of all. */
export interface CounterShard {
  /** Tells it from the others. */
  readonly name: string;
  /** True where one script may use the keys of several ads. */
  readonly crossesSlots: boolean;
  run<T>(operation: string, call: (client: Redis) => Promise<T>): Promise<T>;
  /**
   * Another text whenever the server may have lost keys: by a restart, by evicting some, or by being given slots of another
   * one. Undefined while away.
   */
  instanceId(): string | undefined;
  /** Asks the server whether `instanceId()` still holds: a failover and back need not break the connection. */
  identify(): Promise<void>;
  /** True where Redis may throw keys away to make room: its counters can't be believed. */
  mayEvict(): boolean;
  /** A hash tag that begins with `stem`, and whose keys are on this very server. */
  tag(stem: string): string;
}

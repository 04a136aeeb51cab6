import type { Redis } from 'ioredis';

/** The part of Postgres that the ledger uses. Each call is one statement, and throws when Postgres is unavailable. */
export interface Database {
  query<Row extends object>(operation: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** A database for recording, which may take several statements. */
export interface RecordingDatabase extends Database {
  /**
   * Runs statements in one transaction with the isolation level READ COMMITTED, and commits, or rolls back if the result is not to
   * be kept. `work` may run again after a failure.
   *
   * @param isKept decides whether the transaction is committed; by default it is
   * @returns the result in both cases
   * @throws the errors of `work`; then nothing has changed. Throws when Postgres is unavailable; then everything may have been
   *   committed and only the answer was lost
   */
  transaction<T>(
    operation: string,
    work: (transaction: Database) => Promise<T>,
    isKept?: (result: T) => boolean,
  ): Promise<T>;
}

/** The part of Redis that the ledger uses: one server, or several that share the ads. */
export interface CounterStore {
  /** All servers; none while the slots of a cluster are not known. */
  shards(): readonly CounterShard[];
  /** The server that holds a key. @throws while that server is not known */
  shardOf(key: string): CounterShard;
}

/** A Redis server with the counters of some ads, or of all. */
export interface CounterShard {
  /** Unique among the servers. */
  readonly name: string;
  /** True if one script may use the keys of several ads; false in a cluster. */
  readonly crossesSlots: boolean;
  run<T>(operation: string, call: (client: Redis) => Promise<T>): Promise<T>;
  /**
   * Changes whenever the server may have lost keys: after a restart or an eviction, and when it takes over slots of another
   * server. Undefined while the server is unavailable.
   */
  instanceId(): string | undefined;
  /** Reads the instance id again, because the data can change without a new connection, by two failovers. */
  identify(): Promise<void>;
  /** Why counters on this server cannot be trusted, such as that it may evict keys; undefined if they can. */
  unfit(): string | undefined;
  /** A hash tag that begins with `stem` and puts keys on this server. */
  tag(stem: string): string;
}

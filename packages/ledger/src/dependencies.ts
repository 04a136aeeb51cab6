import type { Redis } from 'ioredis';

/** What the ledger needs of Postgres. Each call is one statement, and fails where Postgres can't be reached. */
export interface Database {
  query<Row extends object>(operation: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What the ledger needs of Redis. */
export interface CounterStore {
  run<T>(operation: string, call: (client: Redis) => Promise<T>): Promise<T>;
  /** The run id of the server behind the present connection; undefined while there is none. */
  runId(): string | undefined;
  /** True where Redis may throw keys away to make room: its counters can't be believed. */
  evicts(): boolean;
}

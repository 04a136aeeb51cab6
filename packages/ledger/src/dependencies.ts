import type { Redis } from 'ioredis';

/** What the ledger needs of Postgres. Each call is one statement, and fails where Postgres can't be reached. */
export interface Database {
  query<Row extends object>(operation: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What the ledger needs of Redis. */
export interface CounterStore {
  run<T>(operation: string, call: (client: Redis) => Promise<T>): Promise<T>;
  /** Another text whenever the server may have lost keys: by a restart, or by evicting some. Undefined while away. */
  lifetime(): string | undefined;
  /** True where Redis may throw keys away to make room: its counters can't be believed. */
  evicts(): boolean;
}

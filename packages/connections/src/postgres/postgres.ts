import {
  type DependencyHealth,
  DependencyUnavailable,
  inSpan,
  type Logger,
  type Metrics,
  type ServerTime,
  type SpanOptions,
} from '@ads/runtime';
import pg from 'pg';
import { Gauge } from 'prom-client';
import { isNetworkError } from '../resilience/network-errors.js';
import { createGuard } from '../resilience/resilience.js';
import { postgresConnection } from './postgres-connection.js';
import type { PostgresConfig } from './postgres-variables.js';

const MAIN = 'postgres';

const SPAN: SpanOptions = { kind: 'client', attributes: { 'db.system.name': 'postgresql' } };

/** Returns int8 as a number (a query fails beyond 2^53) and numeric, which includes `sum(int8)`, as text. */
export interface Postgres {
  /**
   * Runs one statement. It may run again after a failure, so it must be idempotent.
   *
   * @param operation the label in metrics
   * @throws DependencyUnavailable, or the error of Postgres if the statement is at fault
   */
  query<R extends object>(operation: string, text: string, values?: readonly unknown[]): Promise<R[]>;
  /**
   * Runs statements in one transaction, READ COMMITTED whatever the defaults of the database are, and commits, or rolls back if the
   * result is not to be kept. `work` may run again after a failure, like a statement. The timeout is that of the whole transaction.
   *
   * @throws DependencyUnavailable, or the error of `work`, after which nothing has changed
   */
  transaction<T>(
    operation: string,
    work: (transaction: Pick<Postgres, 'query'>) => Promise<T>,
    isKept?: (result: T) => boolean,
  ): Promise<T>;
  /** The last known state. Does not contact the server. */
  health(): DependencyHealth;
  /** Reads the time of the server. @throws DependencyUnavailable */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds since the epoch. now() would return the start of the transaction. */
const READ_TIME = 'SELECT 1000 * extract(epoch FROM clock_timestamp())::float8 AS time';

export interface PostgresOptions {
  readonly service: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly attempts?: number;
  /** Called with the time of the server at each ping. */
  readonly onTime?: (reading: ServerTime) => void;
  /**
   * The name of a second pool in log and metrics. It has its own circuit breaker, so that its slow work does not mark the
   * main pool as down. Pool metrics exist for the main pool only.
   */
  readonly dependency?: string;
}

/** Returns at once, even while Postgres is unavailable: the pool connects on first use. */
export function openPostgres(config: PostgresConfig, options: PostgresOptions): Postgres {
  const { service, metrics, logger, attempts = 3, onTime, dependency = MAIN } = options;
  const timeoutMs = config.POSTGRES_TIMEOUT_MS;
  const pool = new pg.Pool({
    ...postgresConnection(config),
    max: config.POSTGRES_POOL_SIZE,
    application_name: service,
    // The guard abandons a statement after the same time. These settings make the server stop it too, so that it holds no
    // locks.
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: { getTypeParser },
  });
  // The pool has already removed the broken connection; the next query reports the outage.
  pool.on('error', (error) =>
    logger.debug('idle Postgres connection broke', { event: 'postgres.idle_connection_lost', error }),
  );

  if (dependency === MAIN) measurePool(pool, metrics);

  const guard = createGuard({
    dependency,
    timeoutMs,
    attempts,
    metrics,
    logger,
    isFailure: isPostgresFailure,
    isRefusal: isPostgresRefusal,
    isTimeout: isPostgresTimeout,
  });

  const measured = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const stop = metrics.databaseDuration.startTimer({ operation });
    let status = 'ok';
    try {
      return await inSpan(operation, SPAN, work);
    } catch (error) {
      status = error instanceof DependencyUnavailable ? 'unavailable' : 'error';
      throw error;
    } finally {
      stop();
      metrics.databaseOperations.inc({ operation, status });
    }
  };

  const query = <R extends object>(operation: string, text: string, values: readonly unknown[] = []): Promise<R[]> =>
    measured(operation, () =>
      guard.execute(
        ({ signal }) => withClient(pool, signal, async (client) => (await client.query(text, [...values])).rows as R[]),
        operation,
      ),
    );

  const transaction: Postgres['transaction'] = (operation, work, isKept = () => true) =>
    measured(operation, () =>
      guard.execute(
        ({ signal }) => withClient(pool, signal, (client) => inTransaction(client, work, isKept)),
        operation,
      ),
    );

  let closing: Promise<void> | undefined;
  return {
    query,
    transaction,
    health: guard.health,
    ping: async () => {
      const reading = await guard.probe(({ signal }) => withClient(pool, signal, readTime));
      onTime?.(reading);
    },
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (transaction: Pick<Postgres, 'query'>) => Promise<T>,
  isKept: (result: T) => boolean,
): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    const result = await work({
      query: async <R extends object>(_operation: string, text: string, values: readonly unknown[] = []) =>
        (await client.query(text, [...values])).rows as R[],
    });
    await client.query(isKept(result) ? 'COMMIT' : 'ROLLBACK');
    return result;
  } catch (error) {
    // On a broken connection ROLLBACK fails too; the caller gets `error`.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function readTime(client: pg.PoolClient): Promise<ServerTime> {
  const askedAt = performance.now();
  const { rows } = await client.query<{ time: number }>(READ_TIME);
  return { time: rows[0]?.time ?? Number.NaN, askedAt, answeredAt: performance.now() };
}

/** The gauges read the pool when they are scraped, so that they cost queries nothing. */
function measurePool(pool: pg.Pool, { registry }: Metrics): void {
  const registers = [registry];
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections to Postgres in use by a query, and idle.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'in_use' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'idle' }, pool.idleCount);
    },
  });
  new Gauge({
    name: 'database_pool_waiting',
    help: 'Queries waiting for a connection to Postgres.',
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
  new Gauge({
    name: 'database_pool_max_connections',
    help: 'Maximum number of connections to Postgres: POSTGRES_POOL_SIZE.',
    registers,
  }).set(pool.options.max);
}

/**
 * Lends a connection to `fn`. After a success the connection returns to the pool. After a failure, or a timeout during which
 * its query still runs, it is destroyed.
 */
async function withClient<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  fn: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let released = false;
  const release = (destroy: boolean): void => {
    if (released) return;
    released = true;
    signal.removeEventListener('abort', giveUp);
    client.removeListener('error', broke);
    client.release(destroy);
  };
  const giveUp = (): void => release(true);
  // The pool does not listen to a lent connection, and an 'error' event without a listener ends the process. The running
  // query rejects with the same error.
  const broke = (): void => undefined;
  client.on('error', broke);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) {
    release(false);
    throw new Error('timed out while waiting for a connection');
  }
  try {
    const result = await fn(client);
    release(false);
    return result;
  } catch (error) {
    release(isPostgresFailure(error));
    throw error;
  }
}

const INT8 = 20;

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 && format !== 'binary') return toSafeInteger;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}

function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`);
  return value;
}

/** Classes: connection, authorization, resources, operator, system, internal. */
const FAILURE_CLASSES = new Set(['08', '28', '53', '57', '58', 'F0', 'XX']);
/** Deadlock, serialization, lock timeout; read-only after a failover; no such database (yet). */
const FAILURE_CODES = new Set(['40001', '40P01', '55P03', '25006', '25P03', '3D000']);

/** True if Postgres or the network is at fault; false if the statement or its data are. */
export function isPostgresFailure(error: unknown): boolean {
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return FAILURE_CLASSES.has(error.code.slice(0, 2)) || FAILURE_CODES.has(error.code);
  }
  if (isNetworkError(error)) return true;
  // The driver sets no code for these.
  return (
    error instanceof Error &&
    /^Connection terminated|SSL connection|timeout exceeded when trying to connect|^timeout (expired|before)|not queryable|^Query read timeout|after calling end on the pool/.test(
      error.message,
    )
  );
}

/**
 * Errors that are not refusals: those of the connection, of a server that starts or shuts down, and those that a retry may solve.
 */
const PASSING = /^(08|40|57P0|53300$)/;
/** Timeouts of a statement or a lock. */
const TIMEOUTS = new Set(['57014', '55P03']);

/** True if Postgres answers and refuses this statement with any values: full disk, missing permission, no such table. */
export function isPostgresRefusal(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return false;
  return !PASSING.test(error.code) && !TIMEOUTS.has(error.code) && !isDataError(error);
}

/** True if Postgres cancelled the statement because of a timeout. */
export function isPostgresTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && TIMEOUTS.has(error.code);
}

/**
 * True if the values are at fault (classes 22 and 23), so that no retry can succeed. An operator must repair an error that
 * is neither this nor a failure, such as a missing table.
 */
export function isDataError(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && /^(22|23)/.test(error.code);
}

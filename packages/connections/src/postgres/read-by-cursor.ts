import { DependencyUnavailable, type Metrics } from '@ads/runtime';
import pg from 'pg';
import { isPostgresFailure } from './postgres.js';
import { postgresConnection } from './postgres-connection.js';
import type { PostgresConfig } from './postgres-variables.js';

/** A read whose result may be larger than memory. */
export interface CursorRead {
  /** The label in metrics. */
  readonly operation: string;
  /** A SELECT. */
  readonly text: string;
  readonly values: readonly unknown[];
  /**
   * Kinds of plans that Postgres must not choose, such as `sort`: names of its settings without `enable_`. They keep the cost of a
   * statement bounded while statistics are missing.
   */
  readonly without?: readonly string[];
  /** The longest time of one batch, and of the pause between two batches. */
  readonly timeoutMs: number;
  /** Ends the read and its statement in Postgres. */
  readonly signal: AbortSignal;
}

/** A row as the texts of Postgres, in the order of the columns. */
export type TextRow = readonly (string | null)[];

/** A batch of this size takes some milliseconds and less than a megabyte. */
const ROWS_PER_BATCH = 1_000;

/** Times are in UTC and ISO 8601, also through PgBouncer, which drops the settings of `postgresSession`. */
const SETTINGS = `
  SELECT set_config(name, value, true)
  FROM (VALUES
    ('statement_timeout', $1),
    ('idle_in_transaction_session_timeout', $1),
    -- Without it, a statement that returns few rows continues for minutes after its client has disconnected.
    ('client_connection_check_interval', '1s'),
    -- All rows are read, so the fastest plan for the first ones is not the best.
    ('cursor_tuple_fraction', '1'),
    -- Otherwise a scan joins another one in the middle of the table, and the order of the rows changes.
    ('synchronize_seqscans', 'off'),
    ('jit', 'off'),
    ('timezone', 'UTC'),
    ('datestyle', 'ISO')
  ) AS settings (name, value)
  UNION ALL SELECT set_config('enable_' || name, 'off', true) FROM unnest($2::text[]) AS name`;

/**
 * Opens a cursor on a connection of its own, and returns its rows in batches. One batch is read ahead. All rows are of one
 * snapshot. To close the cursor, read to the end, end the iteration early, or abort the signal.
 *
 * @throws DependencyUnavailable, or the error of Postgres if the statement is at fault; the iteration throws them too
 */
export async function readByCursor(
  config: PostgresConfig,
  { service, metrics }: { readonly service: string; readonly metrics: Metrics },
  { operation, text, values, without = [], timeoutMs, signal }: CursorRead,
): Promise<AsyncGenerator<readonly TextRow[]>> {
  const client = new pg.Client({ ...postgresConnection(config), application_name: service, keepAlive: true });
  // An 'error' event without a listener ends the process. The running query rejects with the same error.
  client.on('error', () => undefined);
  const end = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', end);
  const close = (status: string) => {
    signal.removeEventListener('abort', end);
    end();
    metrics.databaseOperations.inc({ operation, status });
  };
  const fetch = async (): Promise<readonly TextRow[]> =>
    (await client.query<(string | null)[]>({ text: `FETCH ${ROWS_PER_BATCH} FROM batches`, rowMode: 'array', types }))
      .rows;
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await client.query(SETTINGS, [String(timeoutMs), without]);
    await client.query(`DECLARE batches NO SCROLL CURSOR FOR ${text}`, [...values]);
  } catch (error) {
    close(statusOf(error, signal));
    throw errorOf(error);
  }
  async function* batches(): AsyncGenerator<readonly TextRow[]> {
    let status = 'aborted';
    try {
      let next = fetch();
      for (;;) {
        const rows = await next;
        if (rows.length === 0) break;
        next = fetch();
        // The loop awaits `next` when the caller has taken this batch. A caller that stops early never takes it.
        next.catch(() => undefined);
        yield rows;
      }
      status = 'ok';
    } catch (error) {
      status = statusOf(error, signal);
      throw errorOf(error);
    } finally {
      close(status);
    }
  }
  return batches();
}

function statusOf(error: unknown, { aborted }: AbortSignal): string {
  if (aborted) return 'aborted';
  return isPostgresFailure(error) ? 'unavailable' : 'error';
}

function errorOf(error: unknown): unknown {
  return isPostgresFailure(error) ? new DependencyUnavailable('postgres', error) : error;
}

const types = { getTypeParser: () => (value: string) => value };

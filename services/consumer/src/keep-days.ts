import { type PostgresConfig, postgresConnection } from '@ads/connections';
import { buildDays, type Database, readRecorded } from '@ads/ledger';
import { DependencyUnavailable, every, type Logger } from '@ads/runtime';
import pg from 'pg';

/** Maximum share of the time during which the builder uses Postgres. */
const SHARE = 1 / 3;

export interface DaysDependencies {
  readonly config: PostgresConfig;
  readonly database: Database;
  readonly logger: Logger;
  /**
   * Pause when nothing is left to do, and after a failure. Reports read the days of late events more slowly until the next step.
   * Default: a minute.
   */
  readonly everyMs?: number;
}

/**
 * Builds the counts per day that reports read, in steps beside live traffic. Several consumers may do so; one of them makes a step
 * at a time. It has a connection of its own while it has something to do.
 *
 * @returns stops it. Postgres rolls an unfinished step back
 */
export function keepDays({ config, database, logger, everyMs = 60_000 }: DaysDependencies): () => Promise<void> {
  let pauseMs = everyMs;
  let client: pg.Client | undefined;
  const close = async () => {
    const open = client;
    client = undefined;
    await open?.end();
  };
  const work = async (signal: AbortSignal): Promise<void> => {
    pauseMs = everyMs;
    // While a backlog is recorded, this time does not advance: its events would be late.
    const recorded = await readRecorded(database);
    if (recorded === undefined || signal.aborted) return;
    client ??= await connect(config);
    const startedAt = performance.now();
    const step = await buildDays(client, recorded);
    if (step === 'worked') pauseMs = (performance.now() - startedAt) * (1 / SHARE - 1);
    else await close();
  };
  const { stop } = every(() => pauseMs, work, {
    onError(error) {
      close().catch(() => undefined);
      // The circuit breaker logs an outage of Postgres.
      if (error instanceof DependencyUnavailable) return;
      logger.warn('counts per day could not be built; the next attempt is in a minute', {
        event: 'reports.days_failed',
        error,
      });
    },
  });
  return async () => {
    const stopped = stop();
    await close();
    await stopped;
    await close();
  };
}

async function connect(config: PostgresConfig): Promise<pg.Client> {
  const client = new pg.Client({ ...postgresConnection(config), application_name: 'consumer', keepAlive: true });
  // A broken connection also fails the current statement.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

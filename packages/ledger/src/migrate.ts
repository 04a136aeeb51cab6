import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ClientConfig } from 'pg';

/** The role may have timeouts for the short statements of the services, as behind PgBouncer. */
const WITHOUT_LIMITS = '-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0';

/**
 * Runs all pending migrations. Concurrent calls wait for each other by a session lock, so the connection must lead to Postgres
 * itself and not to a transaction pooler.
 *
 * @returns the names of the migrations that ran
 * @throws when Postgres is unavailable or a migration fails; each migration is one transaction
 */
export async function migrate(connection: ClientConfig, log: (line: string) => void): Promise<string[]> {
  const done = await runner({
    databaseUrl: { ...connection, options: `${connection.options ?? ''} ${WITHOUT_LIMITS}` },
    dir: fileURLToPath(new URL('../migrations', import.meta.url)),
    migrationsTable: 'migrations',
    direction: 'up',
    advisoryLockMode: 'wait',
    log,
  });
  return done.map((migration) => migration.name);
}

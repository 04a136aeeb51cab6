import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ClientConfig } from 'pg';

/** A role may have been given limits for the short statements of the services, as behind PgBouncer. */
const WITHOUT_LIMITS = '-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0';

/**
 * Brings the database to the newest schema. Several at once wait for each other, by a lock of the session: it must be a
 * connection to Postgres itself, not to a pooler that lends connections for a transaction.
 *
 * @returns the names of the migrations that were run now
 * @throws when Postgres can't be reached or a migration fails; each migration is one transaction
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

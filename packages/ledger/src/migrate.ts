import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ClientConfig } from 'pg';

/**
 * Brings the database to the newest schema. Several at once wait for each other.
 *
 * @returns the names of the migrations that were run now
 * @throws when Postgres can't be reached or a migration fails; each migration is one transaction
 */
export async function migrate(connection: ClientConfig, log: (line: string) => void): Promise<string[]> {
  const done = await runner({
    databaseUrl: connection,
    dir: fileURLToPath(new URL('../migrations', import.meta.url)),
    migrationsTable: 'migrations',
    direction: 'up',
    advisoryLockMode: 'wait',
    log,
  });
  return done.map((migration) => migration.name);
}

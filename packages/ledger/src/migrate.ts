import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** The role may have timeouts for the short statements of the services; migrations take longer. */
const WITHOUT_LIMITS = '-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0';

/**
 * Runs all pending migrations. Concurrent calls wait for each other by a session lock, so the connection must lead to Postgres
 * itself and not to a transaction pooler.
 *
 * @param schema the schema of the tables, which is created if it is missing; by default that of the connection
 * @param onWarning called with each warning of a migration, such as a step that the role may not do
 * @returns the names of the migrations that ran
 * @throws when Postgres is unavailable or a migration fails; each migration is one transaction
 */
export async function migrate(
  connection: pg.ClientConfig,
  onWarning: (warning: string) => void,
  schema?: string,
): Promise<string[]> {
  // Loading it takes 70 ms of CPU time, and services, which also import this package, never migrate.
  const { runner } = await import('node-pg-migrate');
  const client = new pg.Client({ ...connection, options: `${connection.options ?? ''} ${WITHOUT_LIMITS}` });
  // A broken connection also fails the current statement.
  client.on('error', () => undefined);
  client.on('notice', ({ severity, message = '', hint = '' }) => {
    if (severity === 'WARNING') onWarning(`${message} ${hint}`.trim());
  });
  try {
    await client.connect();
    if (schema !== undefined) await createSchema(client, schema);
    const done = await runner({
      dbClient: client,
      dir: fileURLToPath(new URL('../migrations', import.meta.url)),
      migrationsTable: 'migrations',
      ...(schema === undefined ? {} : { schema }),
      direction: 'up',
      advisoryLockMode: 'wait',
      log: () => undefined,
    });
    return done.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/** `CREATE SCHEMA IF NOT EXISTS` needs the right to create schemas even if the schema exists. */
async function createSchema(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query('SELECT to_regnamespace($1) IS NULL AS missing', [schema]);
  if (rows[0]?.missing === true) await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
}

import { migrate } from '@ads/ledger';
import { loadConfig, type PostgresConfig, postgresVariables, readEnvironment } from '@ads/runtime';

/*
 * Brings the database to the newest schema, then exits: the job that runs before the services do.
 */
const config = loadConfig<PostgresConfig>(readEnvironment(), postgresVariables);
const done = await migrate(
  {
    host: config.POSTGRES_HOST,
    port: config.POSTGRES_PORT,
    user: config.POSTGRES_USER,
    password: config.POSTGRES_PASSWORD,
    database: config.POSTGRES_DB,
    connectionTimeoutMillis: config.POSTGRES_TIMEOUT_MS,
  },
  () => undefined,
);
console.log(done.length === 0 ? 'The schema is up to date.' : `Migrations run: ${done.join(', ')}`);

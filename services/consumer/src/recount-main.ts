import { POSTGRES_SESSION, type PostgresConfig, postgresVariables } from '@ads/connections';
import { recount } from '@ads/ledger';
import { ConfigError, dropForeignVariables, loadConfig, readEnvironment } from '@ads/runtime';

const USAGE = `Usage: npm run recount

Counts the stored events anew, corrects totals and windows in Postgres where they differ, and has Redis filled anew.
Run it after events were deleted or changed by hand. Nothing is recorded while it counts, about 1 s per million events:
events wait in JetStream meanwhile.

POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DB say where the database is.`;

const plain = new Intl.NumberFormat('en-US');

async function main(): Promise<void> {
  dropForeignVariables();
  const config = loadConfig<PostgresConfig>(readEnvironment(), postgresVariables);
  const { events, totals, minutes, seconds } = await recount({
    host: config.POSTGRES_HOST,
    port: config.POSTGRES_PORT,
    user: config.POSTGRES_USER,
    password: config.POSTGRES_PASSWORD,
    database: config.POSTGRES_DB,
    application_name: 'recount',
    options: POSTGRES_SESSION,
    connectionTimeoutMillis: config.POSTGRES_TIMEOUT_MS,
  });
  console.log(`Events counted: ${plain.format(events)}`);
  console.log(
    `Rows corrected: ${plain.format(totals)} totals, ${plain.format(minutes)} minutes, ${plain.format(seconds)} seconds`,
  );
  console.log('Postgres answers until the consumers have filled Redis anew.');
}

const [first, ...others] = process.argv.slice(2);
if (first === '--help' && others.length === 0) {
  console.log(USAGE);
} else if (first !== undefined) {
  console.error(USAGE);
  process.exitCode = 1;
} else {
  await main().catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    console.error(error instanceof ConfigError ? message : `Postgres: ${message}`);
    process.exitCode = 1;
  });
}

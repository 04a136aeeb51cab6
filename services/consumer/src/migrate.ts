import { readFileSync } from 'node:fs';
import { type PostgresConfig, postgresConnection, postgresVariables } from '@ads/connections';
import { migrate } from '@ads/ledger';
import { dropForeignVariables, loadConfig, placeholdersIn, printConfigIfAsked, readEnvironment } from '@ads/runtime';
import pg from 'pg';

/*
 * The job that runs the pending migrations and exits. In Kubernetes the services start beside it, and are not ready until it ends. SQL files that are named as arguments run after the migrations, each as one transaction.
 * Empty arguments are ignored.
 */
printConfigIfAsked(postgresVariables);
dropForeignVariables();
const config = loadConfig<PostgresConfig>(readEnvironment(), postgresVariables);
const connection = postgresConnection(config);
for (const name of placeholdersIn(config, postgresVariables)) {
  console.warn(
    `Warning: ${name} is a public placeholder; set a password of your own before strangers reach this machine.`,
  );
}
const onWarning = (warning: string) => console.warn(`Warning: ${warning}`);
const done = await migrate(connection, onWarning, config.POSTGRES_SCHEMA);
console.log(done.length === 0 ? 'The schema is up to date.' : `Migrations run: ${done.join(', ')}`);

const files = process.argv.slice(2).filter((file) => file !== '');
if (files.length > 0) {
  const client = new pg.Client(connection);
  await client.connect();
  for (const file of files) {
    await client.query(readFileSync(file, 'utf8'));
    console.log(`Run: ${file}`);
  }
  await client.end();
}

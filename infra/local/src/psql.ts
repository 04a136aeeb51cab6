import { spawn } from 'node:child_process';
import { readServerFile } from './launcher/server-file.js';
import { readSettings } from './launcher/settings.js';
import { findOnPath } from './servers/executables.js';

/** `npm run psql`: opens the database of the running tracker in psql, with the arguments of the command. */
function main(): void {
  const { variables } = readSettings([], process.env);
  const database = variables.POSTGRES_HOST === undefined ? readServerFile()?.postgres : variables;
  if (database === undefined) {
    throw new Error('npm start does not run in this folder. Start it in another terminal, or set POSTGRES_HOST.');
  }
  const { POSTGRES_HOST = '', POSTGRES_PORT = '5432', POSTGRES_USER = 'postgres', POSTGRES_DB = 'ads' } = database;
  const psql = findOnPath('psql');
  if (psql === undefined) {
    const password = encodeURIComponent(database.POSTGRES_PASSWORD ?? '');
    throw new Error(
      `psql is not installed: apt install postgresql-client, or brew install libpq. Other tools connect to\n  postgres://${POSTGRES_USER}:${password}@${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}`,
    );
  }
  const child = spawn(psql, process.argv.slice(3), {
    stdio: 'inherit',
    env: {
      ...process.env,
      PGHOST: POSTGRES_HOST,
      PGPORT: POSTGRES_PORT,
      PGUSER: POSTGRES_USER,
      PGDATABASE: POSTGRES_DB,
      ...(database.POSTGRES_PASSWORD === undefined ? {} : { PGPASSWORD: database.POSTGRES_PASSWORD }),
    },
  });
  // In psql, Ctrl-C ends a query.
  process.on('SIGINT', () => undefined);
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

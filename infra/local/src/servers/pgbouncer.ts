import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROBE_LIMITS, withClient } from '../database.js';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { requireInstalled } from './executables.js';
import { postgresAccount } from './postgres-account.js';

/** Settings of a local PgBouncer. */
export interface PgBouncerOptions {
  /** Folder for its settings and its log; created if it is missing. */
  folder: string;
  /** The `POSTGRES_…` variables of the Postgres behind it. */
  postgres: Readonly<Record<string, string>>;
}

/**
 * Creates a PgBouncer in front of a Postgres, without starting it. It shares connections per transaction. Its `env` is that of
 * the Postgres with another port.
 * @throws Error that names what to install if `pgbouncer` is not found
 */
export async function pgBouncer({ folder, postgres }: PgBouncerOptions): Promise<LocalProcess> {
  const port = await freePort();
  const executable = await requireInstalled('pgbouncer');
  mkdirSync(folder, { recursive: true });
  const account = postgresAccount([dirname(executable.path), folder]);
  const settingsFile = join(folder, 'pgbouncer.ini');
  const userFile = join(folder, 'users.txt');
  const env = { ...postgres, POSTGRES_PORT: String(port) };
  return new LocalProcess({
    name: 'PgBouncer',
    port,
    env,
    logFile: join(folder, 'pgbouncer.log'),
    launch: async () => {
      writeFileSync(settingsFile, settings(port, userFile, postgres));
      // The plain password, which PgBouncer needs both to authenticate clients and to connect to Postgres.
      writeFileSync(userFile, `"${postgres.POSTGRES_USER}" "${postgres.POSTGRES_PASSWORD}"\n`, { mode: 0o600 });
      if (account.ids !== undefined) chownSync(userFile, account.ids.uid, account.ids.gid);
      return {
        ...account.wrap(executable.path, [settingsFile]),
        env: { ...process.env, ...executable.env },
        cwd: folder,
      };
    },
    // A query to PgBouncer itself, which answers while Postgres is unavailable.
    isReady: () =>
      withClient({ ...env, POSTGRES_DB: 'pgbouncer' }, (client) => client.query('SHOW VERSION'), PROBE_LIMITS).then(
        () => true,
      ),
    // An immediate stop. Other stops wait for open transactions, even if Postgres is unavailable, or (since 1.23) for all clients.
    stopSignal: 'SIGQUIT',
  });
}

function settings(port: number, userFile: string, postgres: Readonly<Record<string, string>>): string {
  return `; Written at each start.
[databases]
* = host=${postgres.POSTGRES_HOST} port=${postgres.POSTGRES_PORT}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${userFile}
stats_users = ${postgres.POSTGRES_USER}
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
; Parameters that pg and packages/connections send at the start of a connection. Clients share pooled connections, so PgBouncer
; does not forward them; the role has them instead (ALTER ROLE ... SET statement_timeout).
ignore_startup_parameters = extra_float_digits, statement_timeout, lock_timeout, idle_in_transaction_session_timeout, options
; Seconds until the retry of a refused connection to Postgres, instead of 15.
server_login_retry = 1
`;
}

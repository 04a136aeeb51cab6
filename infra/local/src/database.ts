import { dirname, join } from 'node:path';
import pg from 'pg';
import { projectRoot } from './project.js';
import { runCommand } from './servers/run-command.js';
import { serviceMain } from './services.js';

/** The number of ads per statement. A statement with a million ads would exceed the statement timeout. */
const ADS_AT_ONCE = 50_000;

/** Timeouts of a query that only checks whether a server answers. */
export const PROBE_LIMITS = { connectionTimeoutMillis: 2_000, query_timeout: 5_000 };

/** Environment variables; those of the servers override those of this process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Inserts the sample ads that are missing. */
export const SAMPLE_ADS = join(projectRoot, 'infra', 'postgres', 'sample-ads.sql');

/**
 * Runs the pending migrations of `packages/ledger`, then SQL files.
 * @throws Error with the output of the migration
 */
export function migrate(env: Variables, ...files: readonly string[]): Promise<void> {
  return migrateFrom(projectRoot, env, files);
}

/**
 * Runs the pending migrations of a checkout, then SQL files.
 * @throws Error with the output of the migration
 */
export async function migrateFrom(root: string, env: Variables, files: readonly string[] = []): Promise<void> {
  const program = join(dirname(serviceMain('consumer', root)), 'migrate.js');
  const { code, output } = await runCommand(process.execPath, [program, ...files], {
    timeoutMs: 120_000,
    env: { ...process.env, ...env },
    cwd: root,
  });
  if (code !== 0) throw new Error(`The migration of the database failed:\n${output.trim()}`);
}

/** Runs `work` on a new connection, and closes it. @throws the error of the connection or of `work` */
export async function withClient<T>(
  env: Variables,
  work: (client: pg.Client) => Promise<T>,
  limits: pg.ClientConfig = { connectionTimeoutMillis: 10_000 },
): Promise<T> {
  const client = new pg.Client({ ...addressOf(env), ...limits });
  // Without a listener, an error on an idle connection would end the process. Queries report the same error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Opens a pool of direct connections to the database. The pool survives a restart of the server. */
export function openPool(env: Variables, settings: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ ...addressOf(env), ...settings });
  pool.on('error', () => undefined);
  return pool;
}

/** Adds these ads to the catalogue. */
export async function addAds(database: pg.Pool, adIds: readonly string[]): Promise<void> {
  for (let first = 0; first < adIds.length; first += ADS_AT_ONCE) {
    await database.query(
      `INSERT INTO ads (id, image_url, target_url)
       SELECT id, 'https://example.com/images/' || md5(id), 'https://example.com/offers/' || md5(id) || '?click={click_id}&sid={sid}&a={placement}&b={sub1}#{sub2}'
       FROM unnest($1::text[]) AS id`,
      [adIds.slice(first, first + ADS_AT_ONCE)],
    );
  }
}

/** The address of a server that was started here. Its variables have no URL and no TLS. */
function addressOf(env: Variables): pg.ClientConfig {
  return {
    host: env.POSTGRES_HOST ?? 'localhost',
    port: Number(env.POSTGRES_PORT ?? 5432),
    user: env.POSTGRES_USER ?? 'postgres',
    password: env.POSTGRES_PASSWORD,
    database: env.POSTGRES_DB ?? 'ads',
  };
}

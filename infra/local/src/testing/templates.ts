import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { migrate, SAMPLE_ADS, type Variables, withClient } from '../database.js';
import type { LocalProcess } from '../processes/local-process.js';
import { copyFolder } from '../servers/run-command.js';

/** The folder of the server that {@link copyTemplateServer} copies, beside that of the Postgres of the run. */
const TEMPLATE_FOLDER = 'postgres-template';

/**
 * Makes a migrated database with the sample ads, once per run, before the first test: a copy takes a tenth of the CPU time of
 * `initdb` and the migrations, and on a busy machine a migration takes longer than the timeout of a hook.
 *
 * @param postgres the running Postgres of this run. It restarts; its first database becomes the template and accepts no connections
 * @param folder its folder; the copy of its state is made beside it
 * @throws Error with the output of the migration
 */
export async function makeTemplates(postgres: LocalProcess, folder: string): Promise<void> {
  await migrate(postgres.env, SAMPLE_ADS);
  await postgres.stop();
  await copyFolder(folder, join(dirname(folder), TEMPLATE_FOLDER));
  await postgres.start();
  // A connection to the template would make every copy fail.
  await asAdministrator(postgres.env, (client) =>
    client.query(`ALTER DATABASE ${postgres.env.POSTGRES_DB} ALLOW_CONNECTIONS false IS_TEMPLATE true`),
  );
}

/**
 * Creates a copy of the template database.
 *
 * @param env the variables of the Postgres of this run
 * @returns the variables of the copy
 */
export async function copyTemplateDatabase(env: Variables): Promise<Variables> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(env, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${env.POSTGRES_DB}`));
  return { ...env, POSTGRES_DB: name };
}

/**
 * Creates the folder of a Postgres that has the database already.
 *
 * @param runFolder the folder of this run
 * @param folder is created
 */
export async function copyTemplateServer(runFolder: string, folder: string): Promise<void> {
  await copyFolder(join(runFolder, TEMPLATE_FOLDER), folder);
}

function asAdministrator<T>(env: Variables, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient({ ...env, POSTGRES_DB: 'postgres' }, work);
}

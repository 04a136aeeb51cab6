import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { migrate, seedSampleAds, type Variables, withClient } from '../database.js';

/** The migrated database with the sample ads that test files get copies of. It accepts no connections. */
const TEMPLATE = 'ads_template';

/**
 * Creates the template once per run, before the first test: a migration takes ten times as long as a copy, and on a busy
 * machine longer than the timeout of a hook. Replaces the template of an earlier attempt.
 *
 * @param env the variables of the Postgres server of this run
 * @throws Error with the output of the migration
 */
export async function makeTemplateDatabase(env: Variables): Promise<void> {
  await asAdministrator(env, async (client) => {
    const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (rows.length > 0) await client.query(`ALTER DATABASE ${TEMPLATE} IS_TEMPLATE false`);
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
    await migrate({ ...env, POSTGRES_DB: TEMPLATE });
    await seedSampleAds({ ...env, POSTGRES_DB: TEMPLATE });
    // A connection to the template would make every copy fail.
    await client.query(`ALTER DATABASE ${TEMPLATE} ALLOW_CONNECTIONS false IS_TEMPLATE true`);
  });
}

/** Creates a copy of the template. @returns its variables */
export async function copyTemplateDatabase(env: Variables): Promise<Variables> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(env, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`));
  return { ...env, POSTGRES_DB: name };
}

function asAdministrator<T>(env: Variables, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient({ ...env, POSTGRES_DB: 'postgres' }, work);
}

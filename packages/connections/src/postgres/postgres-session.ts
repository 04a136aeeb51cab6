/** The settings that the SQL statements rely on. A database, a role or the server may have other defaults. */
const SETTINGS = {
  // Text forms of times, intervals and numbers.
  datestyle: 'ISO',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  // A backslash in a literal is an ordinary character, and NULL in an array is a null.
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  // Batches with the same counters wait for each other instead of failing.
  default_transaction_isolation: 'read committed',
  // Compiling the statement of a report takes seconds, and saves less.
  jit: 'off',
} as const;

/** Where the migrations create the tables, unless `POSTGRES_SCHEMA` is set. */
const DEFAULT_PATH = '"$user",public';

/**
 * The `options` of a connection to Postgres. They set `SETTINGS` and the schema for the session, over the defaults of the
 * database and the role. PgBouncer refuses a connection with options unless its `ignore_startup_parameters` contains `options`;
 * it then drops them, and the defaults of the role apply.
 *
 * @param schema the schema of the tables
 */
export function postgresSession(schema: string | undefined): string {
  return Object.entries({ ...SETTINGS, search_path: schema ?? DEFAULT_PATH })
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');
}

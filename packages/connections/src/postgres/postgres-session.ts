/** The settings that our SQL and its readers rely on. A database, a role or the file of the server may have other defaults. */
const SETTINGS = {
  // Times, intervals and numbers as text.
  datestyle: 'ISO',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  // Backslashes in literals are backslashes, and NULL in an array is a null.
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  // Batches that touch the same counters wait for each other instead of failing.
  default_transaction_isolation: 'read committed',
  // Where the migrations put the tables.
  search_path: '"$user",public',
} as const;

/**
 * The `options` of a connection to Postgres: sets what every session of ours relies on, whatever the defaults of the
 * database and the role are. PgBouncer drops them where `ignore_startup_parameters` has `options`, and refuses the
 * connection where it has not; then the defaults of the role count.
 */
export const POSTGRES_SESSION = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

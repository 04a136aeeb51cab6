import pg from 'pg';

/**
 * Runs one query on a new connection and closes the connection.
 * @param env the `POSTGRES_…` variables of a server, or of something that speaks as one.
 * @returns the number of rows. @throws the error of the connection or of the query.
 */
export async function askPostgres(
  env: Readonly<Record<string, string>>,
  database: string,
  sql: string,
): Promise<number> {
  const client = new pg.Client({
    host: env.POSTGRES_HOST,
    port: Number(env.POSTGRES_PORT),
    user: env.POSTGRES_USER,
    password: env.POSTGRES_PASSWORD,
    database,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  });
  // An error on an idle connection would else end the process; the query reports it as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

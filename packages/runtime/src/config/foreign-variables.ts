/**
 * Deletes variables of other Postgres clients, such as PGSSLMODE, PGOPTIONS and PGPASSWORD. node-postgres would read them, but
 * the tracker is configured by POSTGRES_… only.
 */
export function dropForeignVariables(): void {
  for (const name of Object.keys(process.env)) if (/^(PG[A-Z]|NODE_PG_)/.test(name)) delete process.env[name];
}

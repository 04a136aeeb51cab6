/**
 * Deletes variables of other Postgres clients, such as PGSSLMODE, PGOPTIONS and PGPASSWORD. node-postgres would read them, but
 * the tracker is configured by POSTGRES_… only.
 */
export function dropForeignVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env)) if (/^(PG[A-Z]|NODE_PG_)/.test(name)) delete env[name];
}

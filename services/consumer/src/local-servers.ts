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

/** Adds the Postgres and the NATS that `npm start` runs in this folder, each unless the environment names another. */
export function withLocalServers(environment: Environment): Environment {
  const { postgres, nats } = readLocal();
  return {
    ...environment,
    // The file with the password of another server would take precedence.
    ...(environment.POSTGRES_HOST || !postgres ? {} : { ...postgres, POSTGRES_PASSWORD_FILE: undefined }),
    ...(environment.NATS_URL || environment.NATS_URL_FILE ? {} : nats),
  };
}

function readLocal(): LocalServers {
  try {
    return JSON.parse(readFileSync(LOCAL_SERVERS, 'utf8')) as LocalServers;
  } catch {
    return {};
  }
}

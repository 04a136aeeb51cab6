import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@ads/runtime';

/** `npm start` writes the address of its NATS to this file: see infra/local/src/launcher/stack.ts. */
const LOCAL_ADDRESS = join('.local', 'run', 'nats-url');

/** Adds the address of the NATS that `npm start` runs in this folder, unless the environment names another. */
export function withLocalNats(environment: Environment): Environment {
  if (environment.NATS_URL || environment.NATS_URL_FILE) return environment;
  try {
    return { ...environment, NATS_URL: readFileSync(LOCAL_ADDRESS, 'utf8') };
  } catch {
    return environment;
  }
}

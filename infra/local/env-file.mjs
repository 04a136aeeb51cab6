// Reads `.env`. Plain JavaScript, as it is used before the build too; env-file.d.mts has its types.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from './tools.mjs';

export function readVariables(environment) {
  const envFile = join(root, '.env');
  // Removes the byte order mark that some editors on Windows write.
  const fromFile = existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8').replace(/^\uFEFF/, '')) : {};
  // The services do not use the variables that npm sets for its scripts.
  const own = Object.entries(environment).filter(([name]) => !name.startsWith('npm_'));
  const variables = Object.entries({ ...fromFile, ...Object.fromEntries(own) });
  // An empty value, as in a copy of .env.example, means that the variable is unset.
  return Object.fromEntries(variables.filter(([, value]) => value !== ''));
}

export function publicAddress({ HTTP_HOST: host = '127.0.0.1', HTTP_PORT: port = '8080' }) {
  return { host, port: Number(port) };
}

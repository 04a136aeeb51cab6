import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@ads/runtime';
import type { Api } from './request.js';

/** `npm start` writes the address of its API, and the key that it made, to these files: see infra/local/src/launcher. */
const ADDRESS_FILE = join('.local', 'run', 'api-url');
const KEY_FILE = join('.local', 'admin-api-key');

const DEFAULT_URL = 'http://localhost:8080';

/**
 * The address and key that are given, else those of the tracker that `npm start` runs in this folder. Its key is not sent to
 * another address.
 */
export function findApi(url: string | undefined, { ADMIN_API_KEY: key, ADMIN_API_KEY_FILE: file }: Environment): Api {
  return {
    url: (url ?? readLocal(ADDRESS_FILE) ?? DEFAULT_URL).replace(/\/$/, ''),
    key: key || (file ? readFileSync(file, 'utf8').trim() : url === undefined ? readLocal(KEY_FILE) : undefined),
  };
}

function readLocal(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Variables } from '../database.js';
import { localFolder } from '../project.js';

/** The key that `npm start` makes. */
export const ADMIN_KEY_FILE = join(localFolder, 'admin-api-key');

/** The key of requests that need one. */
export interface AdminKey {
  /** Undefined if the user has set `ADMIN_API_KEY` or `ADMIN_API_KEY_FILE`: such a key is not printed. */
  readonly made: string | undefined;
  /** Variables for the services. */
  readonly env: Variables;
}

/** Returns the key in `file`, which the first start makes and later starts keep. A key of the user takes precedence. */
export function adminKey(variables: Variables, file = ADMIN_KEY_FILE): AdminKey {
  if (variables.ADMIN_API_KEY !== undefined || variables.ADMIN_API_KEY_FILE !== undefined) {
    return { made: undefined, env: {} };
  }
  const made = readKey(file) ?? makeKey(file);
  return { made, env: { ADMIN_API_KEY: made } };
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function makeKey(file: string): string {
  const key = randomBytes(24).toString('base64url');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}

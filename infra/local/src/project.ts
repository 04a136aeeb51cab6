import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the checkout. Both `src` and `dist` are three levels below it. */
export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

/** Downloads that can be repeated: package store, server binaries, transform caches. */
export const cacheFolder = join(projectRoot, '.cache');

/** The files of the local stack: data, logs, and the list of running processes. */
export const localFolder = join(projectRoot, '.local');

/** One small file per started process, so that the next run can end the processes of a killed run. */
export const runFolder = join(localFolder, 'run');

/** Returns the content of a JSON file; undefined if it is missing or incomplete. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

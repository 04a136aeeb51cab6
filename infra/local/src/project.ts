import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the checkout. Both `src` and `dist` lie three folders below it. */
export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

/** Downloads that can be repeated: package store, server binaries, transform caches. */
export const cacheFolder = join(projectRoot, '.cache');

/** The files of the local stack: data, logs, and the list of running processes. */
export const localFolder = join(projectRoot, '.local');

/** One small file per process that was started, so that a killed run can be cleaned up. */
export const runFolder = join(localFolder, 'run');

/** What a JSON file holds; undefined when it is missing or not complete. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

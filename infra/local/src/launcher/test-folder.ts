import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProcess } from '../processes/table.js';
import { localFolder } from '../project.js';

const testsFolder = join(localFolder, 'test');
const lastFailed = join(testsFolder, 'last-failed');

/** An empty folder for everything that this run of the tests makes; removes those of killed runs. */
export function openTestFolder(): string {
  mkdirSync(testsFolder, { recursive: true });
  for (const name of readdirSync(testsFolder)) {
    const isRunning = findProcess(Number(name)) !== undefined;
    if (/^\d+$/.test(name) && !isRunning) rmSync(join(testsFolder, name), { recursive: true, force: true });
  }
  const folder = join(testsFolder, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  return folder;
}

/** Keeps the data and logs of a failed run, in place of those of the one before. */
export function keepTestFolder(folder: string): string {
  rmSync(lastFailed, { recursive: true, force: true });
  renameSync(folder, lastFailed);
  return lastFailed;
}

import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { localFolder, projectRoot } from '@ads/local';

const chaosFolder = join(localFolder, 'chaos');

/** An empty folder for the data and logs of this run; removes those of runs that were killed. */
export function openRunFolder(): string {
  mkdirSync(chaosFolder, { recursive: true });
  for (const name of readdirSync(chaosFolder)) {
    if (/^\d+$/.test(name) && !isRunning(Number(name)))
      rmSync(join(chaosFolder, name), { recursive: true, force: true });
  }
  const folder = join(chaosFolder, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return folder;
}

/** Keeps the data and logs of a run that found something, in place of those of the one before. @returns where */
export function keepRunFolder(folder: string): string {
  const kept = join(chaosFolder, 'last-failed');
  rmSync(kept, { recursive: true, force: true });
  renameSync(folder, kept);
  return relative(projectRoot, kept);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

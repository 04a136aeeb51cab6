import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { localFolder, projectRoot } from './project.js';

/** Programs that start a stack of their own, each with a folder under `.local`. */
export type RunName = 'chaos' | 'fuzz' | 'bounds' | 'bench' | 'check-deploy';

/** An empty folder for the data and logs of this run; removes those of runs that were killed. */
export function openRunFolder(name: RunName): string {
  const parent = join(localFolder, name);
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    if (/^\d+$/.test(entry) && !isRunning(Number(entry))) rmSync(join(parent, entry), { recursive: true, force: true });
  }
  const folder = join(parent, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return folder;
}

/** Keeps the data and logs of a run that found something, in place of those of the one before. @returns where */
export function keepRunFolder(folder: string): string {
  const kept = join(folder, '..', 'last-failed');
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

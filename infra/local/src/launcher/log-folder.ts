import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '../project.js';

/** An empty folder for the logs of this run; those of the run before are kept beside it. */
export function openLogFolder(): string {
  const folder = join(localFolder, 'logs');
  const previous = join(localFolder, 'logs-previous');
  rmSync(previous, { recursive: true, force: true });
  if (existsSync(folder)) renameSync(folder, previous);
  mkdirSync(folder, { recursive: true });
  return folder;
}

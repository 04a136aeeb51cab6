import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '../project.js';

/** Number of earlier runs whose logs are kept, as a failed start is often repeated before a log is read. */
const KEPT_RUNS = 5;

/**
 * Creates an empty folder `logs` for this run. The logs of earlier runs are kept in `logs-previous`, in one folder per run,
 * named by its start time.
 */
export function openLogFolder(parent = localFolder): string {
  const folder = join(parent, 'logs');
  const previous = join(parent, 'logs-previous');
  if (existsSync(folder)) {
    mkdirSync(previous, { recursive: true });
    renameSync(folder, join(previous, freeName(previous, beginOf(folder))));
    for (const old of oldestFirst(previous).slice(0, -KEPT_RUNS)) rmSync(old, { recursive: true, force: true });
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}

function oldestFirst(previous: string): string[] {
  const begun = (folder: string) => statSync(folder).birthtimeMs;
  return readdirSync(previous)
    .map((name) => join(previous, name))
    .sort((one, other) => begun(one) - begun(other));
}

/** Returns a name such as `2026-01-31T12-00-00`, which every file system accepts. */
function beginOf(folder: string): string {
  return statSync(folder).birthtime.toISOString().slice(0, 19).replaceAll(':', '-');
}

/** Returns `name`, with a number if another run began in the same second. */
function freeName(parent: string, name: string): string {
  let free = name;
  for (let copy = 2; existsSync(join(parent, free)); copy += 1) free = `${name}-${copy}`;
  return free;
}

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '../project.js';

/** Earlier runs whose logs are kept: a start that fails is often tried a few times before anybody reads a log. */
const KEPT_RUNS = 5;

/**
 * An empty folder, `logs`, for the logs of this run. Those of earlier runs are kept in `logs-previous`, a folder each,
 * named after the time at which that run began.
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

/** Such as `2026-01-31T12-00-00`: a name that every file system takes. */
function beginOf(folder: string): string {
  return statSync(folder).birthtime.toISOString().slice(0, 19).replaceAll(':', '-');
}

/** Two starts may fall into one second. */
function freeName(parent: string, name: string): string {
  let free = name;
  for (let copy = 2; existsSync(join(parent, free)); copy += 1) free = `${name}-${copy}`;
  return free;
}

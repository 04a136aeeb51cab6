import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '../project.js';

/** Number of earlier runs whose logs are kept, as a failed start is often repeated before a log is read. */
const KEPT_RUNS = 5;
/** The most bytes of logs that are kept. The logs of the last run are always kept. */
const KEPT_BYTES = 268_435_456;

/**
 * Creates an empty folder `logs` for this run. The logs of earlier runs are kept in `logs-previous`, in one folder per run,
 * named by its start time: five runs at most, and the older ones only up to `keptBytes`.
 */
export function openLogFolder(parent = localFolder, keptBytes = KEPT_BYTES): string {
  const folder = join(parent, 'logs');
  const previous = join(parent, 'logs-previous');
  if (existsSync(folder)) {
    mkdirSync(previous, { recursive: true });
    renameSync(folder, join(previous, freeName(previous, beginOf(folder))));
    for (const old of surplus(previous, keptBytes)) rmSync(old, { recursive: true, force: true });
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folders of runs beyond the limits of number and size. */
function surplus(previous: string, keptBytes: number): string[] {
  let bytes = 0;
  return oldestFirst(previous)
    .toReversed()
    .filter((folder, index) => {
      for (const file of readdirSync(folder))
        bytes += statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0;
      return index > 0 && (index >= KEPT_RUNS || bytes > keptBytes);
    });
}

function oldestFirst(previous: string): string[] {
  const begun = (folder: string) => statSync(folder).birthtimeMs;
  return readdirSync(previous, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(previous, name))
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

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStep } from '../../terminal.mjs';
import { findProcess, isAlive, type ProcessIdentity } from '../processes/table.js';
import { localFolder, readJson, runFolder } from '../project.js';
import { terminal } from './progress.js';

const lockFile = join(runFolder, 'launcher');
const TIMEOUT_MS = 5_000;

const readOwner = () => readJson<ProcessIdentity>(lockFile);

/**
 * Makes this process the only launcher of this folder. It waits for a launcher that is shutting down, and takes over the lock
 * of one that was killed.
 * @returns releases the lock
 * @throws Error if another launcher continues to run
 */
export async function lockLauncher(): Promise<() => void> {
  mkdirSync(runFolder, { recursive: true });
  const { pid } = process;
  const mine = JSON.stringify(findProcess(pid) ?? { pid, startedAt: '' });
  const deadline = performance.now() + TIMEOUT_MS;
  let wait: RunningStep | undefined;
  for (;;) {
    try {
      writeFileSync(lockFile, mine, { flag: 'wx' });
      // Two launchers that find the lock of a killed launcher may both replace it. The later one wins.
      await sleep(50);
      if (readOwner()?.pid === pid) {
        wait?.end(true);
        return () => rmSync(lockFile, { force: true });
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner();
    if (owner === undefined || !isAlive(owner)) {
      rmSync(lockFile, { force: true });
    } else if (performance.now() > deadline) {
      wait?.end(false);
      throw new Error(
        `npm start is already running in this folder (pid ${owner.pid}, data in ${localFolder}). ` +
          `Stop it with Ctrl-C in its terminal, or: kill ${owner.pid}`,
      );
    } else {
      wait ??= terminal.begin(`wait for the end of npm start (pid ${owner.pid})`);
    }
    await sleep(100);
  }
}

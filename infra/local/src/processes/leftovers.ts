import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, runFolder } from '../project.js';
import { waitFor } from '../wait-for.js';
import { descendants, findProcess, isAlive, type ProcessIdentity, sendSignal } from './table.js';

interface RunningRecord extends ProcessIdentity {
  name: string;
  /** The process that started this one and should stop it. */
  owner: ProcessIdentity;
  /** The name of the container, if the process is only its client. */
  container?: string;
}

const recordFile = (pid: number) => join(runFolder, `${pid}.json`);

/**
 * Records in a file that this process has started `pid`, so that a later run can end it if this one is killed. Each process
 * has its own file, so parallel runs need no lock.
 */
export function rememberProcess(name: string, pid: number, container?: string): void {
  const started = findProcess(pid);
  const owner = findProcess(process.pid);
  if (started === undefined || owner === undefined) return;
  mkdirSync(runFolder, { recursive: true });
  writeFileSync(recordFile(pid), JSON.stringify({ ...started, name, owner, container }));
}

/** Deletes the record of a process that has ended. */
export function forgetProcess(pid: number): void {
  rmSync(recordFile(pid), { force: true });
}

/**
 * Ends the processes that a killed run left behind. It does not touch processes whose owner still runs, or an unrelated
 * process that reuses the pid.
 * @returns the names of the ended processes
 */
export async function endLeftovers(): Promise<string[]> {
  mkdirSync(runFolder, { recursive: true });
  const files = readdirSync(runFolder)
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => join(runFolder, name));
  const ended = await Promise.all(
    files.map(async (file) => {
      // The record is also undefined if a kill interrupted its write.
      const record = readJson<RunningRecord>(file);
      if (record !== undefined && isAlive(record.owner)) return [];
      const name = record === undefined ? [] : await endRecorded(record);
      rmSync(file, { force: true });
      return name;
    }),
  );
  return ended.flat();
}

async function endRecorded(record: RunningRecord): Promise<string[]> {
  if (record.container !== undefined) {
    spawnSync('docker', ['rm', '--force', record.container], { timeout: 20_000 });
  }
  if (!isAlive(record)) return [];
  const family: ProcessIdentity[] = [record, ...descendants(record.pid)];
  for (const { pid } of family) sendSignal(pid, 'SIGKILL');
  await waitFor(() => !family.some(isAlive), {
    timeoutMs: 10_000,
    what: `the end of ${record.name} (pid ${record.pid}), left over from a killed run`,
  });
  return [record.name];
}

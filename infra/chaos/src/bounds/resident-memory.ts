import { readFileSync, writeFileSync } from 'node:fs';
import type { ServiceSlot } from '../stack/service-slot.js';

const EVERY_MS = 1_000;

/** Resident memory of a process in MB, now and at most. */
export interface ResidentMemory {
  readonly now: number;
  readonly most: number;
}

/** Reads `/proc/<pid>/status`. */
export function readMemory(pid: number | undefined): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') };
}

/** Forgets what the process had at most: the kernel counts anew. */
export function forgetMost(pid: number | undefined): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Looks each second, and calls back with what a service has at that moment, in MB. @returns ends it */
export function watchMemory(
  slots: readonly ServiceSlot[],
  onLook: (name: string, megabytes: number) => void,
): () => void {
  const timer = setInterval(() => {
    for (const { name, process } of slots) onLook(name, readMemory(process.pid).now);
  }, EVERY_MS);
  return () => clearInterval(timer);
}

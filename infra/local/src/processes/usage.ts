import { readFileSync } from 'node:fs';
import { descendants } from './table.js';

/** Resident memory of a process in MB, now and at most. */
export interface ResidentMemory {
  readonly now: number;
  readonly most: number;
}

/** Clock ticks in a second, as the kernel shows times to programs: the same on every Linux that Node runs on. */
const TICKS = 100;

/** Reads `/proc/<pid>/status`: Linux alone. */
export function readMemory(pid: number | undefined): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') };
}

/** Seconds that a process and its children, also those that ended, have had of a core. Linux alone. */
export function readCpuSeconds(pid: number): number {
  const ticks = [pid, ...descendants(pid).map((child) => child.pid)].map((one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
    // The program's name in parentheses may itself hold spaces. User, system, and the same of children that ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS;
}

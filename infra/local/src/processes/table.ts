import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Identifies one process, even if its pid is reused later. */
export interface ProcessIdentity {
  pid: number;
  /** An opaque text that contains the boot and the start time. */
  startedAt: string;
}

/** A running process. */
export interface ProcessInfo extends ProcessIdentity {
  parent: number;
  command: string;
}

const hasProc = process.platform === 'linux';
let bootId: string | undefined;

function boot(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}

/** Returns the fields of `/proc/<pid>/stat` from the third on. The second, the name of the program, may contain spaces and ")". */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function fromProc(pid: number): ProcessInfo | undefined {
  try {
    const fields = statFields(pid);
    const [state = '', parent = '0'] = fields;
    // A zombie has ended, but its parent has not read its exit code yet.
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), startedAt: `${boot()}:${fields[19]}`, command };
  } catch {
    return undefined;
  }
}

function fromPs(selection: string[]): ProcessInfo[] {
  let output: string;
  try {
    output = execFileSync('ps', [...selection, '-o', 'pid=,ppid=,stat=,lstart=,command='], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return [];
  }
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid, parent, state = '', startedAt = '', command = ''] = match;
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), startedAt, command }];
  });
}

/** Returns the process with this pid; undefined if none exists or it is a zombie. */
export function findProcess(pid: number): ProcessInfo | undefined {
  return hasProc ? fromProc(pid) : fromPs(['-p', String(pid)])[0];
}

/** Returns every process of the machine that this user may see. */
function allProcesses(): ProcessInfo[] {
  if (!hasProc) return fromPs(['-A']);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => fromProc(Number(name)) ?? []);
}

/** Returns the children of `pid`, their children, and so on, without `pid` itself. */
export function descendants(pid: number): ProcessInfo[] {
  const everyone = allProcesses();
  const found: ProcessInfo[] = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const children = everyone.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return found;
}

/** Returns true while the process that began at `startedAt` runs. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return findProcess(pid)?.startedAt === startedAt;
}

/** Sends a signal. Ignores a process that has ended or belongs to another user. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: the process has ended since it was listed.
  }
}

/** The resident memory of a process in MB, current and peak. */
export interface ResidentMemory {
  readonly now: number;
  readonly most: number;
}

/** The clock ticks per second of kernel times. The number is the same on every Linux that Node supports. */
const TICKS = 100;

/** Reads `/proc/<pid>/status`. Linux only. */
export function readMemory(pid: number | undefined): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') };
}

/** Returns the CPU seconds of a process and its children, including ended ones. Linux only. */
export function readCpuSeconds(pid: number): number {
  const processes = [pid, ...descendants(pid).map((child) => child.pid)];
  // The fields are user and system time, and the same of ended children.
  const ticks = processes.flatMap((one) => statFields(one).slice(11, 15).map(Number));
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS;
}

import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The cores that a process may use: the core of the measured server, all other cores, or any core. */
export type Place = 'measured' | 'others' | 'anywhere';

const CORES = allowedCores();

/** False with one core or without `taskset`; every process may then use any core. */
export const canPin = CORES.length > 1;

/**
 * Pins a process, all its threads and its later children to cores.
 *
 * @param pid by default, the id of this process
 */
export function runAt(place: Place, pid: number = process.pid): void {
  if (!canPin) return;
  execFileSync('taskset', ['-a', '-c', '-p', coresOf(place).join(','), String(pid)], { stdio: 'ignore' });
}

/** Describes the cores of a place for the output. */
export function whereIs(place: Place): string {
  if (!canPin) return `anywhere on ${availableParallelism()} cores`;
  const cores = coresOf(place);
  return `${cores.length === 1 ? 'core' : 'cores'} ${cores.join(',')}`;
}

function coresOf(place: Place): readonly number[] {
  if (place === 'anywhere') return CORES;
  return place === 'measured' ? CORES.slice(0, 1) : CORES.slice(1);
}

/** The cores that this process may use, which may be fewer in a container; empty if they are unknown. */
function allowedCores(): number[] {
  try {
    const answer = execFileSync('taskset', ['-c', '-p', String(process.pid)], { encoding: 'utf8' });
    const list = /: ([\d,-]+)\s*$/.exec(answer)?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
}

const LOOK_MS = 1_000;

/** The share of all cores that is in use, 0 to 1. Figures from a busy machine are unreliable. */
export async function busyShare(): Promise<number> {
  const read = () => {
    const times = cpus().map((core) => core.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    return { idle, all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) };
  };
  const before = read();
  await sleep(LOOK_MS);
  const after = read();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

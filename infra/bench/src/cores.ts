import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Where something may run: on the one core of the server that is measured, on all the others, or anywhere. */
export type Place = 'measured' | 'others' | 'anywhere';

const CORES = allowedCores();

/** False on one core, and where there is no `taskset`: then everything runs anywhere. */
export const canPin = CORES.length > 1;

/**
 * Moves a process with all its threads. What it starts later is there too.
 *
 * @param pid this process unless told
 */
export function runAt(place: Place, pid: number = process.pid): void {
  if (!canPin) return;
  execFileSync('taskset', ['-a', '-c', '-p', coresOf(place).join(','), String(pid)], { stdio: 'ignore' });
}

/** Which cores these are, in words. */
export function whereIs(place: Place): string {
  if (!canPin) return `anywhere on ${availableParallelism()} cores`;
  const cores = coresOf(place);
  return `${cores.length === 1 ? 'core' : 'cores'} ${cores.join(',')}`;
}

function coresOf(place: Place): readonly number[] {
  if (place === 'anywhere') return CORES;
  return place === 'measured' ? CORES.slice(0, 1) : CORES.slice(1);
}

/** Those that this process may use, which in a container are not all; none where nobody can say. */
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

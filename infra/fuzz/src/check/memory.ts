import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics } from '@ads/harness';
import type { LocalProcess } from '@ads/local';

/** The memory of one process after a garbage collection. */
export interface Footprint {
  readonly name: string;
  /** Bytes of JavaScript objects and their buffers. */
  readonly heapBytes: number;
  /** Resident memory. */
  readonly residentBytes: number;
  /** Open sockets, timers and other resources. */
  readonly resources: number;
}

const READINGS = 5;
const BETWEEN_READINGS_MS = 200;

/**
 * Returns the minimum of several readings, each after a garbage collection, so that it is the memory in use. The processes must
 * run with `collect-on-signal`.
 */
export async function readFootprint(service: LocalProcess): Promise<Footprint> {
  const readings: Footprint[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    if (service.pid !== undefined) process.kill(service.pid, 'SIGUSR2');
    await sleep(BETWEEN_READINGS_MS);
    readings.push(await readOnce(service));
  }
  return {
    name: service.name,
    heapBytes: Math.min(...readings.map(({ heapBytes }) => heapBytes)),
    residentBytes: Math.min(...readings.map(({ residentBytes }) => residentBytes)),
    resources: Math.min(...readings.map(({ resources }) => resources)),
  };
}

async function readOnce({ name, port }: LocalProcess): Promise<Footprint> {
  const metric = await readMetrics(port);
  const value = (name: string) => metric(`${name}{`) ?? Number.NaN;
  return {
    name,
    heapBytes: value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes'),
    residentBytes: value('process_resident_memory_bytes'),
    resources: value('nodejs_active_resources_total'),
  };
}

/** Allowed growth from the end of the first quarter to the end of the last one. */
const HEAP_GROWTH_BYTES = 2_500_000;
const RESOURCES_GROWTH = 8;

/** Returns one line for each process whose memory grew too much. */
export function growth(before: readonly Footprint[], after: readonly Footprint[]): string[] {
  return after.flatMap((now, index) => {
    const then = before[index];
    if (then === undefined) return [];
    const lines: string[] = [];
    const grown = now.heapBytes - then.heapBytes;
    // A failed reading proves nothing.
    if (!(grown <= HEAP_GROWTH_BYTES)) lines.push(`the heap of ${now.name} grew by ${megabytes(grown)}`);
    const more = now.resources - then.resources;
    if (!(more <= RESOURCES_GROWTH)) lines.push(`${now.name} has ${more} sockets and timers more than before`);
    return lines;
  });
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

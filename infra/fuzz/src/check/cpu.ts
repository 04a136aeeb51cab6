import { readMetrics } from '@ads/harness';
import type { LocalProcess } from '@ads/local';

/**
 * The limit of the CPU time that one request uses in one process, in milliseconds. An ordinary request uses less than 1 ms; a slow
 * one delays all others.
 */
export const CPU_BUDGET_MS = 40;

/** The CPU time of each process since its start, in milliseconds, by name. */
export type CpuTimes = ReadonlyMap<string, number>;

/** Reads the CPU time of the services from their metrics, and that of this process, which includes the gateway. */
export async function readCpu(services: readonly LocalProcess[]): Promise<CpuTimes> {
  const times = await Promise.all(services.map(async (service) => [service.name, await cpuOf(service)] as const));
  const { user, system } = process.cpuUsage();
  return new Map([...times, ['gateway', (user + system) / 1_000]]);
}

async function cpuOf({ port }: LocalProcess): Promise<number> {
  const metric = await readMetrics(port);
  return (metric('process_cpu_seconds_total{') ?? Number.NaN) * 1_000;
}

/** Returns the process that used the most CPU time between two readings, and that time. */
export function mostUsed(before: CpuTimes, after: CpuTimes): { readonly name: string; readonly ms: number } {
  let most = { name: '', ms: Number.NEGATIVE_INFINITY };
  for (const [name, time] of after) {
    const ms = time - (before.get(name) ?? Number.NaN);
    // A failed reading proves nothing.
    if (!(ms <= most.ms)) most = { name, ms: Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms };
  }
  return most;
}

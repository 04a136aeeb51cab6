import { writeFileSync } from 'node:fs';
import type { ServiceSlot } from '@ads/harness';
import { readMemory } from '@ads/local';

const EVERY_MS = 1_000;

/** Resets the peak of resident memory, so that the kernel measures a new one. */
export function resetPeak(pid: number | undefined): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Reports the resident memory of each service every second, in MB. @returns a function that ends it */
export function watchMemory(
  slots: readonly ServiceSlot[],
  onMeasured: (name: string, megabytes: number) => void,
): () => void {
  const timer = setInterval(() => {
    for (const { name, process } of slots) onMeasured(name, readMemory(process.pid).now);
  }, EVERY_MS);
  return () => clearInterval(timer);
}

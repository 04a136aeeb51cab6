import { writeFileSync } from 'node:fs';
import type { ServiceSlot } from '@ads/harness';
import { readMemory } from '@ads/local';

const EVERY_MS = 1_000;

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

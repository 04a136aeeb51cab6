import { writeFileSync } from 'node:fs';
import type { ServiceSlot } from '@ads/harness';
import { printTable, readMemory } from '@ads/local';

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

/** Prints the peak of each service in MB, and adds a sentence to `broken` for each that exceeds the cap. */
export function checkPeaks(slots: readonly ServiceSlot[], capMegabytes: number, broken: string[]) {
  const peaks = slots.map(({ name, process }) => [name, readMemory(process.pid).most] as const);
  for (const [name, most] of peaks) {
    if (most > capMegabytes) broken.push(`${name} had ${most.toFixed(0)} MB, more than ${capMegabytes}`);
  }
  const rows = peaks.map(([name, most]) => [name, most.toFixed(0), String(capMegabytes)]);
  printTable(['MB resident', 'most', 'cap'], rows, [0]);
  return peaks;
}

/** Seconds with one decimal, as "1.2 s". */
function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** One line per step that is done, with its time. */
export function printDone(label: string, sinceMs: number): void {
  console.log(`✔ ${label.padEnd(36)} ${seconds(sinceMs).padStart(7)}`);
}

/** One line for a step that failed. */
export function printFailed(label: string, sinceMs: number): void {
  console.log(`✖ ${label.padEnd(36)} ${seconds(sinceMs).padStart(7)}`);
}

/** Something to know that stops nothing. */
export function printWarning(message: string): void {
  console.log(`⚠ ${message}`);
}

/** Runs one step and prints its line when it is done or has failed. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  try {
    const result = await work();
    printDone(label, since);
    return result;
  } catch (error) {
    printFailed(label, since);
    throw error;
  }
}

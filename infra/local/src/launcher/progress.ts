/** One line per step that is done or has failed, with its time. */
export function printStep(good: boolean, label: string, sinceMs: number): void {
  const seconds = `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
  console.log(`${good ? '✔' : '✖'} ${label.padEnd(36)} ${seconds.padStart(7)}`);
}

/** Prints a warning. */
export function printWarning(message: string): void {
  console.log(`⚠ ${message}`);
}

/** Runs one step and prints its line when it is done or has failed. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  try {
    const result = await work();
    printStep(true, label, since);
    return result;
  } catch (error) {
    printStep(false, label, since);
    throw error;
  }
}

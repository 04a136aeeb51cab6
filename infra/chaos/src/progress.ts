/** One line per step that is done or has failed, with its time. */
export function printStep(good: boolean, label: string, sinceMs: number): void {
  const seconds = `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
  console.log(`${good ? '✔' : '✖'} ${label.padEnd(36)} ${seconds.padStart(7)}`);
}

/** Something to know, below the line of its step. */
export function printDetail(text: string): void {
  console.log(`    ${text}`);
}

/** Runs one step and prints its line. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  let good = false;
  try {
    const result = await work();
    good = true;
    return result;
  } finally {
    printStep(good, label, since);
  }
}

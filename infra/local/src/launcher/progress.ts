/** Prints one line with the duration of each step that succeeded or failed. */
export function printStep(good: boolean, label: string, sinceMs: number): void {
  const seconds = `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
  console.log(`${good ? '✔' : '✖'} ${label.padEnd(36)} ${seconds.padStart(7)}`);
}

/** Prints a warning. */
export function printWarning(message: string): void {
  console.log(`⚠ ${message}`);
}

/** Runs one step and prints its line at the end. */
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

/** Prints a detail below the line of its step. */
export function printDetail(text: string): void {
  console.log(`    ${text}`);
}

/**
 * Prints rows below their titles, with an empty line around.
 *
 * @param left the columns of text; the rest are numbers
 */
export function printTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[],
): void {
  const all = [titles, ...rows];
  const widths = titles.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  console.log(`\n${all.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')}\n`);
}

import { openTerminal } from '../../terminal.mjs';

export const terminal = openTerminal(process.stdout);

/** Prints one line with the duration of each step that succeeded or failed. */
export function printStep(good: boolean, label: string, sinceMs: number): void {
  terminal.printStep(good, label, sinceMs);
}

/** Prints a warning. */
export function printWarning(message: string): void {
  terminal.print(`${terminal.paint('yellow', '⚠')} ${message}`);
}

/**
 * Runs one step. Its line is redrawn while it runs if the output is a terminal, and stays with the duration.
 * @param work may note a count or a size, which stands after the duration
 */
export async function step<T>(label: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
  const running = terminal.begin(label);
  try {
    const result = await work(running.note);
    running.end(true);
    return result;
  } catch (error) {
    running.end(false);
    throw error;
  }
}

/** Prints a detail below the line of its step. */
export function printDetail(text: string): void {
  terminal.print(`    ${text}`);
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

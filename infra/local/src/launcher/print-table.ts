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

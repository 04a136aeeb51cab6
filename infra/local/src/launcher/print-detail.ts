/** Prints a detail below the line of its step. */
export function printDetail(text: string): void {
  console.log(`    ${text}`);
}

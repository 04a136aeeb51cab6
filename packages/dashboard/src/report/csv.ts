/** A value of a cell; null is empty. */
export type Cell = string | number | null | undefined;

/** Texts that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const QUOTED = /[",\r\n]/;

/**
 * Writes CSV by RFC 4180, as the API does. Ids and labels come from strangers, so a text that a spreadsheet would take for a
 * formula gets an apostrophe before it. Numbers are written as they are.
 */
export function csvOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(textOf).join()}\r\n`).join('');
}

function textOf(cell: Cell): string {
  if (typeof cell !== 'string') return cell == null ? '' : String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lets the user save a text as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

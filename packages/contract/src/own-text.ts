/**
 * Returns a copy of a text. V8 stores a substring as a reference to the whole text, so a cached id from a URL, a form or a
 * header would keep up to 16 KB in memory.
 */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}

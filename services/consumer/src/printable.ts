/**
 * Text of strangers, made safe for a terminal: control characters (escape sequences begin with one), characters that
 * change the direction of text, invisible ones and line separators are shown as `\u{…}`.
 *
 * @param keep characters that are printed as they are, like a line break
 */
export function printable(text: string, keep = ''): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    keep.includes(character) ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

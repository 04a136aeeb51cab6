/**
 * Makes untrusted text safe for a terminal: control characters (which begin escape sequences), characters that change the
 * direction of text, invisible characters and line separators become `\u{…}`.
 *
 * @param keep characters that stay as they are, like a line break
 */
export function printable(text: string, keep = ''): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    keep.includes(character) ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

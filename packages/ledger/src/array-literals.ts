/*
 * Array literals of Postgres. Converting an event of eight columns takes 0.7 µs. The driver takes 2.6 µs, because it must find
 * the type of each value.
 */

const SPECIAL = /["\\]/;
const EACH_SPECIAL = /["\\]/g;

/** Texts of any content, quoted and escaped. */
export function textArray(texts: readonly string[]): string {
  return texts.length === 0 ? '{}' : `{"${texts.map(escaped).join('","')}"}`;
}

/** Texts, with NULL for undefined. Empty if all are undefined, like {@link sparseArray}. */
export function sparseTextArray(texts: readonly (string | undefined)[]): string {
  if (texts.every((text) => text === undefined)) return '{}';
  return `{${texts.map((text) => (text === undefined ? 'NULL' : `"${escaped(text)}"`)).join(',')}}`;
}

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, '\\$&') : text;
}

export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Numbers or texts of digits, with NULL for undefined. Empty if all are undefined: `unnest` fills a shorter array with NULL. */
export function sparseArray(numbers: readonly (number | string | undefined)[]): string {
  if (numbers.every((number) => number === undefined)) return '{}';
  return `{${numbers.map((number) => number ?? 'NULL').join(',')}}`;
}

/*
 * Array literals of Postgres. The driver also converts arrays, but must find the type of each value, which takes 2.6 µs
 * for an event of eight columns, against 0.7 µs here.
 */

const SPECIAL = /["\\]/;
const EACH_SPECIAL = /["\\]/g;

/** Texts of any content, quoted and escaped. */
export function textArray(texts: readonly string[]): string {
  if (texts.length === 0) return '{}';
  const escaped = texts.map((text) => (SPECIAL.test(text) ? text.replace(EACH_SPECIAL, '\\$&') : text));
  return `{"${escaped.join('","')}"}`;
}

export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Numbers, with NULL for undefined. Empty if all are undefined: `unnest` fills a shorter array with NULL. */
export function sparseArray(numbers: readonly (number | undefined)[]): string {
  if (numbers.every((number) => number === undefined)) return '{}';
  return `{${numbers.map((number) => number ?? 'NULL').join(',')}}`;
}

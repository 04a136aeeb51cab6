/*
 * Arrays as the text that Postgres reads. The driver would make the same of a JavaScript array, but value by value, as it
 * has to find out what each is: 2.6 µs for an event of eight columns, against 0.7 µs here.
 */

const SPECIAL = /["\\]/;
const EACH_SPECIAL = /["\\]/g;

/** Any texts, quoted: what they contain is never taken for the end of one of them. */
export function textArray(texts: readonly string[]): string {
  if (texts.length === 0) return '{}';
  const escaped = texts.map((text) => (SPECIAL.test(text) ? text.replace(EACH_SPECIAL, '\\$&') : text));
  return `{"${escaped.join('","')}"}`;
}

export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Numbers, or null where there is none; empty where there is none at all, as `unnest` fills up what is shorter. */
export function sparseArray(numbers: readonly (number | undefined)[]): string {
  if (numbers.every((number) => number === undefined)) return '{}';
  return `{${numbers.map((number) => number ?? 'NULL').join(',')}}`;
}

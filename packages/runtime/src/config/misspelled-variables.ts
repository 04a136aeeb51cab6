import { distance } from 'fastest-levenshtein';
import type { Environment } from './config.js';

/** A variable that nobody reads, and the one that was probably meant. */
export interface Misspelled {
  readonly name: string;
  readonly meant: string;
}

/** Letters to add, take away or change: one typing error, or two letters in the wrong order. */
const FEW_LETTERS = 2;

/**
 * Variables that are set, are not known, and differ from a known one that is not set by a few letters.
 *
 * @param known the names of this process' variables; a secret is also known as `NAME_FILE`
 */
export function misspelledVariables(env: Environment, known: readonly string[]): Misspelled[] {
  const names = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  const unset = known.filter((name) => env[name] === undefined);
  return Object.keys(env).flatMap((name) => {
    if (names.has(name)) return [];
    const meant = unset.find((other) => isNear(name.toUpperCase(), other));
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function isNear(name: string, other: string): boolean {
  return Math.abs(name.length - other.length) <= FEW_LETTERS && distance(name, other) <= FEW_LETTERS;
}

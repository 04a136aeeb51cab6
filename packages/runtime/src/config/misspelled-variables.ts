import { distance } from 'fastest-levenshtein';
import type { Environment } from './config.js';

/** An unknown variable, and the known one that was probably meant. */
export interface Misspelled {
  readonly name: string;
  readonly meant: string;
}

/** Edits that count as one typing error. Two swapped letters are two edits. */
const FEW_LETTERS = 2;

/**
 * Finds variables that are set, are not known, and differ by at most two letters from a known one that is not set.
 *
 * @param known names of the variables of this process; `NAME_FILE` counts as known too
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

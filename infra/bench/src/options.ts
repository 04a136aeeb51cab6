import { flag, namesOf, parseOptions } from '@ads/harness';
import { type Budget, FULL, QUICK } from './budget.js';
import { PARTS, type PartName } from './parts/catalogue.js';

const NAMES = Object.keys(PARTS) as PartName[];

/** The options of a run. */
export interface Options {
  readonly names: readonly PartName[];
  readonly budget: Budget;
}

/** @throws Error with one line */
export function readOptions(args: readonly string[]): Options {
  const { only: names = NAMES, quick } = parseOptions(args, { quick: flag, only: namesOf(NAMES) });
  return { names, budget: quick ? QUICK : FULL };
}

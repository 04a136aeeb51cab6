import { parseArgs } from 'node:util';
import { type Budget, FULL, QUICK } from './budget.js';
import { PARTS, type PartName } from './parts/catalogue.js';

const NAMES = Object.keys(PARTS) as PartName[];

/** What a run was told. */
export interface Options {
  readonly names: readonly PartName[];
  readonly budget: Budget;
}

/** @throws Error with one line */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: { quick: { type: 'boolean' }, only: { type: 'string' } },
  });
  const names = (values.only ?? NAMES.join(',')).split(',') as PartName[];
  if (names.some((name) => !NAMES.includes(name))) throw new Error(`Parts are: ${NAMES.join(', ')}`);
  return { names, budget: values.quick === true ? QUICK : FULL };
}

import { namesOf, parseOptions, wholeNumber } from '@ads/harness';
import type { BoundOptions } from './bound.js';
import { BOUNDS, type BoundName } from './catalogue.js';

const NAMES = Object.keys(BOUNDS) as BoundName[];

/** Which bounds to check, in order, and their settings. @throws Error with one line */
export function readOptions(args: readonly string[]): BoundOptions & { readonly names: readonly BoundName[] } {
  const values = parseOptions(args, {
    only: namesOf(NAMES),
    seconds: wholeNumber(1, 600),
    'cap-mb': wholeNumber(1, 256),
    rate: wholeNumber(1, 300),
  });
  const { only: names = NAMES, seconds, 'cap-mb': capMegabytes, rate: perSecond } = values;
  return { names, seconds, capMegabytes, perSecond };
}

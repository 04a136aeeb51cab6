import { namesOf, parseOptions, wholeNumber } from '@ads/harness';
import { LIMITS, type LimitName } from './catalogue.js';
import type { LimitOptions } from './limit.js';

const NAMES = Object.keys(LIMITS) as LimitName[];

/** The limits to check, in order, and their settings. @throws Error with one line */
export function readOptions(args: readonly string[]): LimitOptions & { readonly names: readonly LimitName[] } {
  const values = parseOptions(args, {
    only: namesOf(NAMES),
    seconds: wholeNumber(1, 600),
    'cap-mb': wholeNumber(1, 256),
    rate: wholeNumber(1, 300),
  });
  const { only: names = NAMES, seconds, 'cap-mb': capMegabytes, rate: perSecond } = values;
  return { names, seconds, capMegabytes, perSecond };
}

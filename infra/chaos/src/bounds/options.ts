import { parseArgs } from 'node:util';
import type { BoundOptions } from './bound.js';
import { BOUNDS, type BoundName } from './catalogue.js';

const NAMES = Object.keys(BOUNDS) as BoundName[];

/** Reads the options of a run: which bounds, in order, and how. @throws Error with one line */
export function readOptions(args: readonly string[]): BoundOptions & { readonly names: readonly BoundName[] } {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string' },
      seconds: { type: 'string' },
      'cap-mb': { type: 'string' },
      rate: { type: 'string' },
    },
  });
  const { only = NAMES.join(','), seconds = '600', 'cap-mb': cap = '256', rate = '300' } = values;
  const names = only.split(',') as BoundName[];
  const numbers = [seconds, cap, rate].map(Number);
  const isBad = numbers.some((number) => !Number.isInteger(number) || number < 1);
  if (isBad) throw new Error('--seconds, --cap-mb and --rate are positive numbers. Try --help.');
  if (names.some((name) => !NAMES.includes(name))) throw new Error(`Bounds are: ${NAMES.join(', ')}`);
  return { names, seconds: Number(seconds), capMegabytes: Number(cap), perSecond: Number(rate) };
}

import { parseArgs } from 'node:util';
import type { BoundOptions } from './bound.js';
import { BOUNDS, type BoundName } from './catalogue.js';

const NAMES = Object.keys(BOUNDS) as BoundName[];

const USAGE = `npm run bounds [-- --only NAME --seconds T --cap-mb M --rate R]
  --only NAME    ${NAMES.join(', ')}; several with commas between them (all)
  --seconds T    how long NATS and Postgres are away (600)
  --cap-mb M     resident memory that no service may exceed (256)
  --rate R       clicks a second of the hour that JetStream held (300)`;

/** What a run was told: which bounds, in order, and how. @throws Error that says what there is to say */
export function readOptions(args: readonly string[]): BoundOptions & { readonly names: readonly BoundName[] } {
  const { values } = parse(args.filter((arg) => arg !== '--'));
  const { only = NAMES.join(','), seconds = '600', 'cap-mb': cap = '256', rate = '300' } = values;
  const names = only.split(',') as BoundName[];
  const numbers = [seconds, cap, rate].map(Number);
  const isBad = numbers.some((number) => !Number.isInteger(number) || number < 1);
  if (values.help === true || isBad || names.some((name) => !NAMES.includes(name))) throw new Error(USAGE);
  return { names, seconds: Number(seconds), capMegabytes: Number(cap), perSecond: Number(rate) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        seconds: { type: 'string' },
        'cap-mb': { type: 'string' },
        rate: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

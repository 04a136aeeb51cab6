import { parseArgs } from 'node:util';
import { type Budget, FULL, QUICK } from './budget.js';
import { PARTS, type PartName } from './parts/catalogue.js';

const NAMES = Object.keys(PARTS) as PartName[];

const USAGE = `npm run bench [-- --quick --only NAME]
  --quick        less than three minutes instead of less than fifteen: shorter, fewer rounds, smaller stores
  --only NAME    ${NAMES.join(', ')}; several with commas between them (all)`;

/** What a run was told. */
export interface Options {
  readonly names: readonly PartName[];
  readonly budget: Budget;
}

/** @throws Error that says what can be given */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args.filter((arg) => arg !== '--'));
  const names = (values.only ?? NAMES.join(',')).split(',') as PartName[];
  if (values.help === true || names.some((name) => !NAMES.includes(name))) throw new Error(USAGE);
  return { names, budget: values.quick === true ? QUICK : FULL };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { quick: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

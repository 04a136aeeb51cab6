import { parseArgs } from 'node:util';

/** What a run was told. */
export interface Options {
  readonly requests: number;
  readonly seed: number;
}

/** Reads the arguments. @throws Error with one line, when they can't be meant */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: { requests: { type: 'string' }, seed: { type: 'string' } },
  });
  const { requests = '20000', seed = '1' } = values;
  const numbers = { requests: Number(requests), seed: Number(seed) };
  const good = Number.isInteger(numbers.requests) && numbers.requests > 0 && Number.isInteger(numbers.seed);
  if (!good) throw new Error('--requests is a positive number, and --seed a whole one. Try --help.');
  return numbers;
}

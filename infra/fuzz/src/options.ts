import { parseArgs } from 'node:util';

/** What a run was told. */
export interface Options {
  readonly requests: number;
  readonly seed: number;
}

const USAGE = `npm run fuzz [-- --requests N --seed S]
  --requests N   so many of them (20000)
  --seed S       decides what they are; the same seed, the same requests (1)`;

/** Reads the arguments. @throws Error that says what there is to say, when they can't be meant */
export function readOptions(args: readonly string[]): Options {
  const { requests = '20000', seed = '1', help } = parse(args.filter((arg) => arg !== '--'));
  const numbers = { requests: Number(requests), seed: Number(seed) };
  const good = Number.isInteger(numbers.requests) && numbers.requests > 0 && Number.isInteger(numbers.seed);
  if (help === true || !good) throw new Error(USAGE);
  return numbers;
}

function parse(args: readonly string[]) {
  try {
    const options = { requests: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

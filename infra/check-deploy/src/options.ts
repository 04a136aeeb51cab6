import { parseArgs } from 'node:util';

/** What a run was told. */
export interface Options {
  /** Only what can be seen without starting anything. */
  readonly static: boolean;
}

/** @throws Error with one line */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: { static: { type: 'boolean' } },
  });
  return { static: values.static === true };
}

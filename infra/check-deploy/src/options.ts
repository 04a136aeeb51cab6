import { parseArgs } from 'node:util';

/** What a run was told. */
export interface Options {
  /** Only what can be seen without starting anything. */
  readonly static: boolean;
}

const USAGE = `npm run check:deploy [-- --static]
  --static   start nothing: without the queries of the dashboards against a live stack`;

/** @throws Error that says what can be given */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: { static: { type: 'boolean' } },
    });
    return { static: values.static === true };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

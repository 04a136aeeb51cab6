import { type ParseArgsConfig, parseArgs } from 'node:util';

/** An option of a program. `read` converts the argument to a value; the argument is undefined if the option is not given. */
export interface Option<T> {
  readonly type: 'string' | 'boolean';
  /** @throws Error that describes the valid arguments */
  read(argument: string | boolean | undefined): T;
}

/** The values of options, by their names. */
export type OptionValues<Spec> = { readonly [Name in keyof Spec]: Spec[Name] extends Option<infer T> ? T : never };

/**
 * Parses the arguments of a program. `infra/local/commands.mjs` handles `--help` earlier.
 *
 * @throws Error with one line that names the option and what it takes
 */
export function parseOptions<Spec extends Readonly<Record<string, Option<unknown>>>>(
  args: readonly string[],
  spec: Spec,
): OptionValues<Spec> {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, { type }] of Object.entries(spec)) options[name] = { type };
  const { values } = parseArgs({ args: args.filter((arg) => arg !== '--'), options });
  const read = Object.entries(spec).map(([name, option]) => {
    try {
      return [name, option.read(values[name] as string | boolean | undefined)];
    } catch (error) {
      throw new Error(`--${name} ${(error as Error).message} Try --help.`);
    }
  });
  return Object.fromEntries(read) as OptionValues<Spec>;
}

/** An option with a whole number. @param fallback the default value */
export function wholeNumber<Fallback extends number | undefined>(
  minimum: number,
  fallback: Fallback,
): Option<number | Fallback> {
  return {
    type: 'string',
    read(argument) {
      if (argument === undefined) return fallback;
      const number = Number(argument);
      if (!Number.isInteger(number) || number < minimum)
        throw new Error(`takes a whole number of at least ${minimum}.`);
      return number;
    },
  };
}

/** An option with a comma-separated list of known names, whose order is kept. The default is undefined. */
export function namesOf<Name extends string>(names: readonly Name[]): Option<readonly Name[] | undefined> {
  return {
    type: 'string',
    read(argument) {
      if (argument === undefined) return undefined;
      const given = String(argument).split(',') as Name[];
      if (given.some((name) => !names.includes(name))) throw new Error(`takes ${names.join(', ')}.`);
      return given;
    },
  };
}

/** An option with any text. The default is undefined. */
export const anyText: Option<string | undefined> = {
  type: 'string',
  read: (argument) => (argument === undefined ? undefined : String(argument)),
};

/** An option without an argument: true if it is given. */
export const flag: Option<boolean> = { type: 'boolean', read: (argument) => argument === true };

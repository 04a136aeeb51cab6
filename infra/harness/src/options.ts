import { type ParseArgsConfig, parseArgs } from 'node:util';

/** One option of a program: `read` turns its argument, undefined when it is not given, into a value. */
export interface Option<T> {
  readonly type: 'string' | 'boolean';
  /** @throws Error that says what the option takes */
  read(argument: string | boolean | undefined): T;
}

/** The values of options, by their names. */
export type OptionValues<Spec> = { readonly [Name in keyof Spec]: Spec[Name] extends Option<infer T> ? T : never };

/**
 * Parses the arguments of a program. `--help` never gets here: `infra/local/commands.mjs` answers it.
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

/** A whole number. @param usual the value by default */
export function wholeNumber<Usual extends number | undefined>(least: number, usual: Usual): Option<number | Usual> {
  return {
    type: 'string',
    read(argument) {
      if (argument === undefined) return usual;
      const number = Number(argument);
      if (!Number.isInteger(number) || number < least) throw new Error(`takes a whole number of at least ${least}.`);
      return number;
    },
  };
}

/** Some of the given names, in the order in which they are given, with commas between them; by default undefined. */
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

/** True when it is given. */
export const flag: Option<boolean> = { type: 'boolean', read: (argument) => argument === true };

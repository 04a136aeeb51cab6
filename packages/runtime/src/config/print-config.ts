import { isSecret, type Variables } from './config.js';

/** One variable of a program, as `--print-config` prints it. */
export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  /** Absent if the variable has no default. */
  readonly default?: unknown;
  /** The variable can also come from the file that `NAME_FILE` names. */
  readonly secret: boolean;
}

const PRINT_ARGUMENT = '--print-config';

/** Ends a process that was started with `--print-config`, after printing its variables as a JSON array. */
export function printConfigIfAsked<T extends object>(variables: Variables<T>): void {
  if (!process.argv.includes(PRINT_ARGUMENT)) return;
  process.stdout.write(`${JSON.stringify(describeVariables(variables), null, 2)}\n`);
  process.exit(0);
}

export function describeVariables<T extends object>(variables: Variables<T>): VariableDescription[] {
  return Object.entries<Variables<T>[keyof T]>(variables).map(([name, schema]) => {
    const { description = '', default: value } = (schema.describe().flags ?? {}) as Partial<VariableDescription>;
    return { name, description, ...(value === undefined ? {} : { default: value }), secret: isSecret(schema) };
  });
}

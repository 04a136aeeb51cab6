import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/config.js';

/** The arguments are not a valid command. The message is one line. */
export class UsageError extends Error {}

/** The result of a call of `parseArgs`. @throws UsageError instead of its error */
export function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

export interface CommandProgram<Command> {
  /** The name of the npm script. */
  readonly name: string;
  /** The file of the help text. */
  readonly help: URL;
  /** @throws UsageError */
  readonly read: (args: readonly string[]) => Command;
  /** Returns false if a part of the command failed. */
  readonly run: (command: Command, print: (line: string) => void) => Promise<boolean>;
  /** Returns the text that is printed for an error of `run`; by default its message. */
  readonly explain?: (message: string, error: unknown) => string;
}

/**
 * Runs the program of `npm run NAME` with the arguments of the process. Sets the exit code: 0 done, 1 failed, 2 wrong arguments.
 */
export async function runCommandProgram<Command>(program: CommandProgram<Command>): Promise<void> {
  const { name, help, read, run, explain = (message) => message } = program;
  // The reader closed the pipe, like `head`.
  process.stdout.on('error', () => process.exit());
  try {
    // npm passes the name of the script first.
    const args = process.argv.slice(process.argv[2] === name ? 3 : 2).filter((arg) => arg !== '--');
    if (args.includes('--help') || args.includes('-h')) console.log(readFileSync(help, 'utf8').trimEnd());
    else if (!(await run(read(args), console.log))) process.exitCode = 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isUsage = error instanceof UsageError;
    if (isUsage) console.error(`${message} Try --help.`);
    else console.error(error instanceof ConfigError ? message : explain(message, error));
    process.exitCode = isUsage ? 2 : 1;
  }
}

import { readFileSync } from 'node:fs';
import { readEnvironment, UsageError } from '@ads/runtime';
import { findApi } from './local-api.js';
import type { Api } from './request.js';

type Help = { readonly name: 'help' };

/**
 * Runs a program of `npm run NAME` with the arguments of the process. Sets the exit code: 0 done, 1 failed, 2 wrong arguments.
 *
 * @param name names the help text too
 * @param read throws UsageError
 * @param run returns false if a part of the command failed
 */
export async function runProgram<Command extends { readonly name: string }>(
  name: string,
  read: (args: readonly string[]) => Command | Help,
  run: (command: Exclude<Command, Help>, print: (line: string) => void) => Promise<boolean>,
): Promise<void> {
  // The reader closed the pipe, like `head`.
  process.stdout.on('error', () => process.exit());
  try {
    // npm passes the name of the script first.
    const [first, ...rest] = process.argv.slice(2);
    const command = read(first === undefined || first === name ? rest : [first, ...rest]);
    if (command.name === 'help') {
      console.log(readFileSync(new URL(`../../help/${name}.txt`, import.meta.url), 'utf8').trimEnd());
    } else if (!(await run(command as Exclude<Command, Help>, console.log))) {
      process.exitCode = 1;
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(error instanceof UsageError ? `${message} Try --help.` : message);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

/** Runs a program that calls the API. See {@link runProgram}. */
export async function runCommand<Command extends { readonly name: string; readonly url: string | undefined }>(
  name: string,
  read: (args: readonly string[]) => Command | Help,
  run: (command: Command, api: Api, print: (line: string) => void) => Promise<boolean>,
): Promise<void> {
  await runProgram<Command>(name, read, (command, print) =>
    run(command, findApi(command.url, readEnvironment()), print),
  );
}

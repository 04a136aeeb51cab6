import { readEnvironment, runCommandProgram } from '@ads/runtime';
import { findApi } from './local-api.js';
import type { Api } from './request.js';

export interface ApiCommand<Command> {
  /** The name of the npm script, and of the file of its help text. */
  readonly name: string;
  /** @throws UsageError */
  readonly read: (args: readonly string[]) => Command;
  /** Returns false if a part of the command failed. */
  readonly run: (command: Command, api: Api, print: (line: string) => void) => Promise<boolean>;
}

/** Runs a program that calls the API. See `runCommandProgram`. */
export async function runApiCommand<Command extends { readonly url: string | undefined }>({
  name,
  read,
  run,
}: ApiCommand<Command>): Promise<void> {
  await runCommandProgram({
    name,
    help: new URL(`../../help/${name}.txt`, import.meta.url),
    read,
    run: (command, print) => run(command, findApi(command.url, readEnvironment()), print),
  });
}

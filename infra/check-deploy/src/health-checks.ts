/** Programs that use 100 ms of CPU or more to start, as a word of a command. */
const SLOW_TO_START = /(?:^|[\s"'[/])(node|npm|npx|pnpm|python3?|java)(?=$|[\s"',\]])/;

/**
 * Returns why the command of a health check is too expensive; undefined when it is cheap. Checks run every few seconds in every
 * container, so expensive ones pile up on a busy host.
 *
 * @param command in any form: words, or a list as JSON
 */
export function healthCheckProblem(command: string): string | undefined {
  const [, program] = SLOW_TO_START.exec(command) ?? [];
  return program === undefined
    ? undefined
    : `its health check starts ${program} each time; use one that costs milliseconds`;
}

/** Programs that take a tenth of a second of CPU or more to start, as a word of a command. */
const SLOW_TO_START = /(?:^|[\s"'[/])(node|npm|npx|pnpm|python3?|java)(?=$|[\s"',\]])/;

/**
 * The fault in the command of a health check; undefined when it is cheap. A check runs every few seconds in every
 * container. When the host is busy, expensive checks pile up and keep it busy.
 *
 * @param command in any form: words, or a list as JSON
 */
export function healthCheckProblem(command: string): string | undefined {
  const [, program] = SLOW_TO_START.exec(command) ?? [];
  return program === undefined
    ? undefined
    : `its health check starts ${program} each time; use one that costs milliseconds`;
}

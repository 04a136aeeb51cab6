import { readFileSync } from 'node:fs';

/** The help text of a command, from the file that `npm run <command> -- --help` prints before anything is installed. */
export function helpText(command: 'dead-letters' | 'erase' | 'recount'): string {
  return readFileSync(new URL(`../help/${command}.txt`, import.meta.url), 'utf8').trimEnd();
}

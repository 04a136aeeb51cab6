import { readFileSync } from 'node:fs';

/** The text of an SQL statement or a Lua script of this package, by its path in it. */
export function readText(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

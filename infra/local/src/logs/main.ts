import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prettyLine } from '@ads/runtime/pretty';
import { localFolder } from '../project.js';
import { LogFollower, type LogLine } from './follow.js';

/** Lines of each file that are printed first. */
const FIRST_LINES = 10;

/** `npm run logs`: prints the lines of all services and servers for people, as they are written. */
async function main(): Promise<void> {
  // The reader closed the pipe, like `head`.
  process.stdout.on('error', () => process.exit());
  const names = readNames();
  const folder = join(localFolder, 'logs');
  if (!existsSync(folder)) throw new Error('npm start has not run in this folder.');
  const follower = new LogFollower(folder, (name) => names.length === 0 || names.includes(name));
  const first = follower.read();
  const files = new Set(first.map(({ name }) => name));
  const lines = [...files].flatMap((file) => first.filter(({ name }) => name === file).slice(-FIRST_LINES));
  print(lines.toSorted((one, other) => timeOf(one).localeCompare(timeOf(other))));
  await follower.follow(print);
}

function readNames(): readonly string[] {
  try {
    // npm passes the name of the script first.
    return parseArgs({ args: process.argv.slice(3), allowPositionals: true, options: {} }).positionals;
  } catch (error) {
    console.error(`${(error as Error).message.split('\n')[0]} Try --help.`);
    return process.exit(2);
  }
}

function print(lines: readonly LogLine[]): void {
  const hasColours = process.stdout.isTTY && process.stdout.hasColors();
  for (const { name, text, fields } of lines) {
    console.log(fields === undefined ? `${name.padEnd(9)} | ${text}` : prettyLine(fields, hasColours));
  }
}

/** Lines of servers, whose formats differ, come first. */
function timeOf({ fields }: LogLine): string {
  return String(fields?.timestamp ?? '');
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

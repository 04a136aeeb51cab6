import { relative, resolve } from 'node:path';
import { projectRoot, runCommand } from '@ads/local';
import type { Problem } from './problem.js';

const COMPILER = resolve(projectRoot, 'node_modules/typescript/bin/tsc');

/**
 * Runs the compiler in a folder, without writing anything.
 *
 * @returns the first line of each error, with files relative to the folder
 */
export async function typeErrors(folder: string, args: readonly string[]): Promise<Problem[]> {
  const { code, output } = await runCommand(process.execPath, [COMPILER, '--noEmit', '--pretty', 'false', ...args], {
    cwd: folder,
    timeoutMs: 120_000,
  });
  const errors = [...output.matchAll(/^(.+?)\((\d+),\d+\): error TS\d+: (.*)$/gm)];
  const found = errors.map(([, file = '', line = '', message = '']) => ({
    file: relative(folder, resolve(folder, file)),
    line: Number(line),
    message,
  }));
  if (code !== 0 && found.length === 0) throw new Error(`the compiler failed: ${output.trim()}`);
  return found;
}

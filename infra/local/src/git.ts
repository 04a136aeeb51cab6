import { spawnSync } from 'node:child_process';

/** Runs git in one folder. @returns its output without blank lines at the end @throws Error with its message if it fails */
export type Git = (...args: readonly string[]) => string;

export function gitIn(folder: string): Git {
  return (...args) => {
    const { status, stdout, stderr, error } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
    if (error !== undefined) throw new Error(`git cannot be run: ${error.message}`);
    if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr.trim() || stdout.trim()}`);
    return stdout.trimEnd();
  };
}

import { type ExecFileOptions, execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** The exit code and the output of a command: stdout, then stderr. */
export interface CommandResult {
  /** Null if it could not be started, or was ended by a signal or by the timeout. */
  code: number | null;
  output: string;
}

/** Runs a short-lived command to its end, or kills it after `timeoutMs`. Never throws. */
export function runCommand(
  command: string,
  args: readonly string[],
  { timeoutMs, ...options }: { timeoutMs: number } & Pick<ExecFileOptions, 'cwd' | 'env' | 'uid' | 'gid'>,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: Number.POSITIVE_INFINITY } as const;
    const child = execFile(command, args, { ...options, ...limits }, (error, stdout, stderr) => {
      process.off('exit', endWithUs);
      const wasStarted = child.pid !== undefined;
      resolve({ code: wasStarted ? child.exitCode : null, output: wasStarted ? stdout + stderr : `${error?.message}` });
    });
    child.stdin?.end();
    // The command ends with this process.
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
  });
}

/**
 * Copies the data folder of a stopped server to `to`, with owners and modes, like a snapshot of its volume. An existing
 * `to` is deleted first.
 *
 * @throws Error with the output of the copy
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  const { code, output } = await runCommand('cp', ['-a', from, to], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${from} could not be copied:\n${output.trim()}`);
}

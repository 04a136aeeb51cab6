import { type ExecFileOptions, execFile } from 'node:child_process';
import { rmSync } from 'node:fs';

/** How a command ended, and everything it printed: stdout, then stderr. */
export interface CommandResult {
  /** Null when it could not be started, or was ended by a signal or by the time limit. */
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
    // It must not outlive this process.
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
  });
}

/**
 * Copies the data folder of a stopped server to `to`, with owners and modes, like a snapshot of its volume. An existing
 * `to` is deleted first.
 *
 * @throws Error with what the copying said
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  const { code, output } = await runCommand('cp', ['-a', from, to], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${from} could not be copied:\n${output.trim()}`);
}

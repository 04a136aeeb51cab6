import { spawn } from 'node:child_process';

/** How a command ended, with everything it printed (stdout and stderr in the order they came). */
export interface CommandResult {
  /** Null when it could not be started, or was ended by a signal or by the time limit. */
  code: number | null;
  output: string;
}

/** Runs a short-lived command to its end, or kills it after `timeoutMs`. Never throws. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    timeoutMs: number;
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    uid?: number;
    gid?: number;
  },
): Promise<CommandResult> {
  const { timeoutMs, ...spawnOptions } = options;
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, {
      ...spawnOptions,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // It must not outlive this process.
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('error', (error) => {
      process.off('exit', endWithUs);
      resolve({ code: null, output: error.message });
    });
    child.once('close', (code) => {
      process.off('exit', endWithUs);
      resolve({ code, output });
    });
  });
}

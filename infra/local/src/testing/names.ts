import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Variables } from '../database.js';
import { projectRoot } from '../project.js';
import { runCommand } from '../servers/run-command.js';

const PRELOAD = join(projectRoot, 'infra', 'local', 'dist', 'testing', 'hanging-look-ups.js');

/** Names of servers on this machine. A test can make their look-ups in the services hang. */
export interface Names {
  /**
   * The variables of a service that reaches its servers by name: 127.0.0.1 in `NATS_URL` becomes `nats.test`, and so on.
   * The service has few threads and loads `hanging-look-ups.ts` first.
   */
  variables(env: Variables): Record<string, string>;
  /** From now on each look-up of `<name>.test` hangs and blocks a thread. */
  hang(name: string): Promise<void>;
  /** Hanging look-ups fail, and later ones succeed. */
  heal(name: string): void;
}

/** `NATS_URL` belongs to the server `nats`. */
function named(variable: string, value: string): string {
  return value.replaceAll('127.0.0.1', `${variable.split('_', 1)[0]?.toLowerCase()}.test`);
}

/** @param folder is created; it contains a pipe for each hanging name */
export function openNames(folder: string): Names {
  mkdirSync(folder, { recursive: true });
  const pipeOf = (name: string) => join(folder, `${name}.test`);
  return {
    variables: (env) => ({
      ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, named(key, String(value))])),
      NODE_OPTIONS: `--max-old-space-size=128 --import=${pathToFileURL(PRELOAD)}`,
      // Fewer threads than in production, so that hanging look-ups soon use all of them.
      UV_THREADPOOL_SIZE: '4',
      HANGING_NAMES_FOLDER: folder,
    }),
    async hang(name) {
      const { code, output } = await runCommand('mkfifo', [pipeOf(name)], { timeoutMs: 10_000 });
      if (code !== 0) throw new Error(`mkfifo: ${output}`);
    },
    heal(name) {
      // Opening the pipe for writing wakes all blocked readers. Opening it for reading and writing does not block.
      const pipe = openSync(pipeOf(name), constants.O_RDWR);
      rmSync(pipeOf(name));
      closeSync(pipe);
    },
  };
}

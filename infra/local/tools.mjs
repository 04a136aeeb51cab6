// The parts of the bootstrap that run other programs. Plain JavaScript, as it runs before the install.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const cache = join(root, '.cache');

/** A problem whose message says what to do. */
export class Failure extends Error {}

/** The environment for npx and pnpm, with all caches in this folder. */
function toolEnvironment() {
  // npx and pnpm would read the variables of the outer npm as settings. Only those about access to the registry are kept.
  const registry = /^npm_config_(registry|userconfig|globalconfig|cafile|ca|strict_ssl|.*proxy)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || registry.test(name));
  const { NODE_ENV: _, ...environment } = Object.fromEntries(kept);
  return {
    ...environment,
    npm_config_cache: join(cache, 'npm'),
    // The cache folder for programs, instead of a folder in the user's home.
    XDG_CACHE_HOME: join(cache, 'xdg'),
    npm_config_update_notifier: 'false',
    // The defaults take 70 s until they report that there is no network.
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
    npm_config_fund: 'false',
    // Without this setting, pnpm on newer versions of Node writes compiled code to the temporary folder.
    NODE_COMPILE_CACHE: join(cache, 'compiled'),
    // Prevents prompts, which would wait forever in a script.
    CI: 'true',
  };
}

/**
 * Runs a command as a step; its output is printed only if it fails.
 * @param terminal shows the step
 * @param onLine reads each line of the output; returns the text that an error shows, undefined for none
 */
export async function run(terminal, label, command, args, { advice, onLine = (line) => line }) {
  const step = terminal.begin(label);
  // A process group of its own, so that a stop ends the children of npx too.
  const child = spawn(command, args, {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => {
    try {
      process.kill(-child.pid);
    } catch {
      // The group has ended.
    }
  };
  process.once('exit', end);
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const text = onLine(line, step);
      if (text !== undefined) kept.push(text);
    });
  }
  const problem = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `code ${code}`)));
  });
  process.off('exit', end);
  step.end(problem === undefined);
  if (problem !== undefined) throw new Failure(`${kept.join('\n').trim()}\n\n${label} failed (${problem}). ${advice}`);
}

/** Folders of the workspace that have a package.json, relative to the root. */
export function workspaceFolders() {
  return ['packages', 'services', 'infra']
    .flatMap((group) =>
      readdirSync(join(root, group))
        .sort()
        .map((name) => join(group, name)),
    )
    .filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** The folders of the packages that a tracker consists of. */
export function runFolders() {
  return workspaceFolders().filter((folder) => !folder.startsWith('infra') || folder === join('infra', 'local'));
}

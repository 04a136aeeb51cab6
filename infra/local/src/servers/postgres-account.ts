import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Launch } from '../processes/local-process.js';
import { findOnPath } from './executables.js';

/** The account of Postgres or PgBouncer, and how to start a command under it. */
export interface PostgresAccount {
  /** Undefined for the account of this process. */
  ids: { uid: number; gid: number } | undefined;
  /** The arguments of `spawn` for a command. */
  wrap: (command: string, args: readonly string[]) => Pick<Launch, 'command' | 'args' | 'uid' | 'gid'>;
}

/**
 * Postgres and PgBouncer refuse to run as root, so root runs them as `nobody`. If `nobody` cannot reach the folders, for
 * example in a checkout below /root, `setpriv` gives them the one capability that they need for it.
 * @param paths the folders that the program must reach
 * @throws Error that names what to do if root cannot run the program
 */
export function postgresAccount(paths: readonly string[]): PostgresAccount {
  if (process.getuid?.() !== 0) {
    return { ids: undefined, wrap: (command, args) => ({ command, args }) };
  }
  const ids = nobody();
  if (paths.every(isOpenToAll)) {
    return { ids, wrap: (command, args) => ({ command, args, ...ids }) };
  }
  const setpriv = findOnPath('setpriv');
  if (setpriv === undefined) {
    throw new Error(
      'Postgres (and PgBouncer) does not run as root, and no other user can enter this folder. Move the project ' +
        'to a folder that everybody may enter, install setpriv (package util-linux), or run this ' +
        'as an ordinary user.',
    );
  }
  const capabilities = '-all,+dac_override';
  const options = [
    `--reuid=${ids.uid}`,
    `--regid=${ids.gid}`,
    '--clear-groups',
    // Without this, access(2), which Postgres uses to find its own files, ignores capabilities.
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    `--bounding-set=${capabilities}`,
  ];
  return {
    ids,
    wrap: (command, args) => ({ command: setpriv, args: [...options, '--', command, ...args] }),
  };
}

function nobody(): { uid: number; gid: number } {
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(entry?.[1] ?? 65_534), gid: Number(entry?.[2] ?? 65_534) };
}

/** Returns true if every user may enter this folder and all folders above it. */
function isOpenToAll(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0;
  const parent = dirname(path);
  return open && (parent === path || isOpenToAll(parent));
}

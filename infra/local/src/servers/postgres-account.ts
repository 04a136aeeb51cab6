import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Launch } from '../processes/local-process.js';
import { findOnPath } from './executables.js';

/** Under which account Postgres or PgBouncer runs, and how a command is started under it. */
export interface PostgresAccount {
  /** Undefined: the account that runs us. */
  ids: { uid: number; gid: number } | undefined;
  /** The command, its arguments, and the ids to spawn it with. */
  wrap: (command: string, args: readonly string[]) => Pick<Launch, 'command' | 'args' | 'uid' | 'gid'>;
}

/**
 * Postgres and PgBouncer refuse to run as root, so root hands them to `nobody`. When `nobody` can't reach the
 * folders (the checkout lies in a private folder such as /root), they are given the one capability
 * that lets them pass, by `setpriv`, and no other.
 * @param paths the folders that the program has to reach.
 * @throws Error that says what to do, when root has no way to run it.
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
    // access(2), by which Postgres looks for its own files, ignores capabilities without this.
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

/** True when every user may pass all folders down to this one. */
function isOpenToAll(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0;
  const parent = dirname(path);
  return open && (parent === path || isOpenToAll(parent));
}

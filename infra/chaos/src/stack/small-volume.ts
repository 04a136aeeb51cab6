import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@ads/local';

/** The device name by which our mounts are found in the list of mounts. */
const SOURCE = 'ads-chaos';
const MOUNTS = '/proc/mounts';

/** A folder on a small volume of its own, until `release`. */
export interface SmallVolume {
  /** Moves the folder back. No process may use it meanwhile. */
  release(): Promise<void>;
}

/**
 * Moves a folder to a volume that it fills to about two thirds. No process may use it meanwhile.
 *
 * Only root can mount a volume; for other users the folder is not moved.
 *
 * @param leastBytes the minimum size of the volume
 */
export async function moveToSmallVolume(folder: string, leastBytes: number): Promise<SmallVolume> {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return { release: async () => undefined };
  const kept = `${folder}.kept`;
  renameSync(folder, kept);
  mkdirSync(folder);
  const bytes = Math.max(leastBytes, Math.round(sizeOf(kept) * 1.5));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, SOURCE, folder]);
  cpSync(kept, folder, { recursive: true });
  rmSync(kept, { recursive: true });
  return {
    async release() {
      cpSync(folder, kept, { recursive: true });
      await run('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true });
      renameSync(kept, folder);
    },
  };
}

/** Unmounts the volumes below a folder; a folder with mounts cannot be removed. */
export async function unmountBelow(parent: string): Promise<void> {
  if (!existsSync(MOUNTS)) return;
  const mounts = readFileSync(MOUNTS, 'utf8').split('\n');
  for (const [source, folder = ''] of mounts.map((line) => line.split(' '))) {
    if (source === SOURCE && folder.startsWith(`${parent}/`)) await run('umount', ['--lazy', folder]);
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(command, args, { timeoutMs: 30_000 });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${output.trim()}`);
}

const PAGE = 4_096;

/** The size of all files below a folder, in whole pages as in a tmpfs. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + Math.ceil(statSync(join(parentPath, name)).size / PAGE) * PAGE, 0);
}

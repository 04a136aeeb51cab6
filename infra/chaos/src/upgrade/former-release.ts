import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, type Git, runCommand } from '@ads/local';

/** The release that the drill upgrades from. */
export interface FormerRelease {
  /** A tag, or what the caller named. */
  readonly name: string;
  readonly commit: string;
}

const BUILD_TIMEOUT_MS = 600_000;

/**
 * Finds the commit of a release.
 *
 * @param from a tag or commit; by default the newest tag `v*` of another commit than HEAD
 * @throws Error with what to do if there is none
 */
export function findFormerRelease(git: Git, from: string | undefined): FormerRelease {
  const commitOf = (name: string) => git('rev-parse', '--verify', `${name}^{commit}`);
  if (from !== undefined) {
    try {
      return { name: from, commit: commitOf(from) };
    } catch {
      throw new Error(
        `--from ${from} names no commit of this clone. Fetch it first: git fetch --tags, or --unshallow.`,
      );
    }
  }
  const head = commitOf('HEAD');
  // With this suffix v2.0.0-rc.1 is older than v2.0.0.
  const tags = git('-c', 'versionsort.suffix=-', 'tag', '--list', 'v*', '--sort=-version:refname').split('\n');
  const name = tags.find((tag) => tag !== '' && commitOf(tag) !== head);
  if (name === undefined) {
    throw new Error(
      'This clone has no tag of an earlier release (v*). Run git fetch --tags, or name a commit: --from REF.',
    );
  }
  return { name, commit: commitOf(name) };
}

/**
 * Builds a release in a folder of its own, with its own dependencies. A later call uses the same build.
 *
 * @returns the root of its checkout
 * @throws Error with the output of the build
 */
export async function buildRelease(git: Git, { commit }: FormerRelease): Promise<string> {
  const root = join(cacheFolder, 'releases', commit);
  const done = join(root, '.cache', 'built');
  if (existsSync(done)) return root;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  const archive = `${root}.tar`;
  git('archive', '--output', archive, commit);
  await run('tar', ['-xf', archive, '-C', root], root);
  rmSync(archive);
  // Packages that this checkout has downloaded are not downloaded again.
  for (const name of ['pnpm', 'npm']) symlinkSync(join(cacheFolder, name), join(root, '.cache', name));
  await run(process.execPath, [join('infra', 'local', 'bootstrap.mjs'), 'build'], root);
  writeFileSync(done, '');
  return root;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await runCommand(command, args, { cwd, timeoutMs: BUILD_TIMEOUT_MS });
  if (code !== 0) throw new Error(`The former release cannot be built in ${cwd}:\n${output.trim()}`);
}

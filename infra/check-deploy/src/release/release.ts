import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from '@ads/local';
import semver from 'semver';
import type { Repository } from '../repository.js';
import { CHANGELOG, releaseChanges, unreleased } from './changelog.js';
import { VERSION_SOURCE, versionPlaces, withVersion } from './version-places.js';

/** A release that can be made: every check has passed. */
export interface PlannedRelease {
  readonly version: string;
  readonly former: string;
  readonly tag: string;
  /** The changes of the version as Markdown. */
  readonly changes: string;
  /** The new text of each changed file, by its path from the root. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Plans a release, and changes nothing.
 *
 * @param date of the release, such as 2026-11-27
 * @throws Error with what is wrong and what to do
 */
export function planRelease(repository: Repository, git: Git, version: string, date: string): PlannedRelease {
  const { places, missing } = versionPlaces(repository);
  const former = places.find(({ file }) => file === VERSION_SOURCE)?.version ?? '';
  checkVersion(version, former);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} does not name the version.`);
  const tag = `v${version}`;
  const changes = unreleased(repository.text(CHANGELOG));
  if (changes === '') throw new Error(`The section "Unreleased" of ${CHANGELOG} is empty: a release needs changes.`);
  checkGit(git, tag);
  const files = new Map([[CHANGELOG, releaseChanges(repository.text(CHANGELOG), version, date)]]);
  for (const file of new Set(places.map((place) => place.file))) {
    const ofFile = places.filter((place) => place.file === file);
    files.set(file, withVersion(repository.text(file), ofFile, version));
  }
  return { version, former, tag, changes, files };
}

function checkVersion(version: string, former: string): void {
  // A tag of an image cannot hold build metadata, which `valid` removes.
  if (semver.valid(version) !== version) {
    throw new Error(`${version} is not a version: write it as X.Y.Z or X.Y.Z-rc.1, without v and without +build.`);
  }
  if (semver.valid(former) === null) throw new Error(`${VERSION_SOURCE} has no valid version, but "${former}".`);
  if (!semver.gt(version, former)) {
    throw new Error(`${version} must be greater than the present version ${former}.`);
  }
}

function checkGit(git: Git, tag: string): void {
  const changed = git('status', '--porcelain');
  if (changed !== '') {
    throw new Error(`The working tree is not clean. Commit or stash these changes first:\n${changed}`);
  }
  if (git('branch', '--show-current') === '') {
    throw new Error('HEAD is not on a branch, so the commit would be lost. Switch to a branch first.');
  }
  if (git('tag', '--list', tag) !== '') throw new Error(`The tag ${tag} exists already.`);
}

/**
 * Writes the files, commits them, and makes the annotated tag. Pushes nothing. If the commit or the tag fails, it restores the
 * former commit.
 *
 * @throws Error with the message of git
 */
export function makeRelease({ version, tag, changes, files }: PlannedRelease, root: string, git: Git): void {
  const before = git('rev-parse', 'HEAD');
  try {
    for (const [file, text] of files) writeFileSync(join(root, file), text);
    git('commit', '--all', '--quiet', '--message', `release: set version ${version}`);
    // Lines that begin with # are headings of the changelog, not comments.
    git('tag', '--annotate', '--cleanup=verbatim', '--message', `Version ${version}\n\n${changes}\n`, tag);
  } catch (error) {
    git('reset', '--quiet', '--hard', before);
    throw error;
  }
}

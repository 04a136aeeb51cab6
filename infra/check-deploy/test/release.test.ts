import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gitIn, projectRoot } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { versions } from '../src/checks/versions.js';
import { CHANGELOG } from '../src/release/changelog.js';
import { makeRelease, planRelease } from '../src/release/release.js';
import { versionPlaces } from '../src/release/version-places.js';
import { openRepository } from '../src/repository.js';

/** A clone with the files that a release changes. */
const clone = mkdtempSync(join(tmpdir(), 'release-'));
afterAll(() => rmSync(clone, { recursive: true, force: true }));

const git = gitIn(clone);
const repository = openRepository(clone);
const plan = (version: string) => planRelease(repository, git, version, '2027-01-31');

beforeAll(() => {
  const files = new Set([CHANGELOG, ...versionPlaces(openRepository(projectRoot)).places.map(({ file }) => file)]);
  for (const file of files) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(projectRoot, file), join(clone, file));
  }
  const changelog = repository.text(CHANGELOG);
  writeFileSync(join(clone, CHANGELOG), changelog.replace('## [Unreleased]\n', '## [Unreleased]\n\n- A change.\n'));
  git('init', '--quiet', '--initial-branch=main');
  // Settings of this machine must not matter.
  git('config', 'user.name', 'A maintainer');
  git('config', 'user.email', 'maintainer@example.com');
  git('config', 'commit.gpgSign', 'false');
  git('config', 'tag.gpgSign', 'false');
  git('config', 'core.hooksPath', join(clone, '.git', 'hooks'));
  git('add', '--all');
  git('commit', '--quiet', '--message', 'first');
});

describe('a release', () => {
  it.each([
    ['0.9.0', /^0\.9\.0 must be greater than the present version /],
    ['v99.0.0', /^v99\.0\.0 is not a version: write it as X\.Y\.Z/],
    ['99.0', /is not a version/],
    ['99.0.0+build', /is not a version/],
  ])('refuses %s as its version', (version, says) => {
    expect(() => plan(version)).toThrow(says);
  });

  it('refuses a tree that is not clean, a commit without a branch, a tag that exists, and nothing to release', () => {
    writeFileSync(join(clone, 'left-over'), '');
    expect(() => plan('99.0.0')).toThrow(/not clean.*\n\?\? left-over/);
    rmSync(join(clone, 'left-over'));

    git('switch', '--quiet', '--detach');
    expect(() => plan('99.0.0')).toThrow(/HEAD is not on a branch/);
    git('switch', '--quiet', 'main');

    git('tag', 'v99.0.0');
    expect(() => plan('99.0.0')).toThrow('The tag v99.0.0 exists already.');
    git('tag', '--delete', 'v99.0.0');

    const text = repository.text(CHANGELOG);
    writeFileSync(join(clone, CHANGELOG), text.replace(/(## \[Unreleased\]\n)[\s\S]*?(?=^## \[)/m, '$1\n'));
    expect(() => plan('99.0.0')).toThrow(/Unreleased.*is empty/);
    writeFileSync(join(clone, CHANGELOG), text);
  });

  it('changes nothing if the commit fails', () => {
    const hook = join(clone, '.git', 'hooks', 'pre-commit');
    writeFileSync(hook, '#!/bin/sh\necho not today >&2\nexit 1\n', { mode: 0o755 });
    expect(() => makeRelease(plan('99.0.0'), clone, git)).toThrow('git commit failed: not today');
    rmSync(hook);
    expect(git('status', '--porcelain')).toBe('');
  });

  it('sets the version in all files, moves the changes, commits, and makes an annotated tag', async () => {
    const before = repository.text(CHANGELOG);
    makeRelease({ ...plan('99.0.0'), changes: '### Added\n- A change.' }, clone, git);
    expect(await versions.run(repository)).toEqual([]);
    expect(JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'))).toMatchObject({ version: '99.0.0' });
    expect(repository.text(CHANGELOG)).toBe(
      before.replace('## [Unreleased]\n', '## [Unreleased]\n\n## [99.0.0] - 2027-01-31\n'),
    );
    expect(git('status', '--porcelain')).toBe('');
    expect(git('log', '-1', '--format=%s')).toBe('release: set version 99.0.0');
    expect(git('cat-file', '-t', 'v99.0.0')).toBe('tag');
    expect(git('tag', '--list', '--format=%(contents)', 'v99.0.0')).toBe('Version 99.0.0\n\n### Added\n- A change.');
    expect(git('rev-parse', 'v99.0.0^{commit}')).toBe(git('rev-parse', 'HEAD'));
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitIn } from '@ads/local';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findFormerRelease } from '../src/upgrade/former-release.js';

const clone = mkdtempSync(join(tmpdir(), 'releases-'));
afterAll(() => rmSync(clone, { recursive: true, force: true }));

const git = gitIn(clone);
function commit(...tags: readonly string[]): string {
  git(
    '-c',
    'user.name=A',
    '-c',
    'user.email=a@example.com',
    'commit',
    '--quiet',
    '--allow-empty',
    '--no-gpg-sign',
    '-m',
    'x',
  );
  for (const tag of tags) git('-c', 'tag.gpgSign=false', 'tag', tag);
  return git('rev-parse', 'HEAD');
}
beforeAll(() => void git('init', '--quiet'));

it('the last release is the newest tag of another commit, or the named one', () => {
  const first = commit();
  expect(() => findFormerRelease(git, undefined)).toThrow(
    /no tag of an earlier release \(v\*\)\. Run git fetch --tags/,
  );
  expect(findFormerRelease(git, first)).toEqual({ name: first, commit: first });
  expect(() => findFormerRelease(git, 'v9.9.9')).toThrow(/^--from v9\.9\.9 names no commit of this clone\./);

  const released = commit('v1.10.0', 'v1.9.0', 'v1.10.0-rc.1', 'other');
  expect(() => findFormerRelease(git, undefined)).toThrow('no tag of an earlier release');
  commit();
  expect(findFormerRelease(git, undefined)).toEqual({ name: 'v1.10.0', commit: released });
  commit('v2.0.0');
  expect(findFormerRelease(git, undefined)).toEqual({ name: 'v1.10.0', commit: released });
});

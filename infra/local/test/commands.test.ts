import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openTestServers, projectRoot } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const testServers = openTestServers();
afterAll(testServers.release);

/** A clone as it is before anything was installed: what `--help` must not need. */
let clone: string;
beforeAll(() => {
  clone = join(testServers.folder, 'clone');
  mkdirSync(join(clone, 'infra', 'local'), { recursive: true });
  for (const name of ['bootstrap.mjs', 'commands.mjs']) {
    cpSync(join(projectRoot, 'infra', 'local', name), join(clone, 'infra', 'local', name));
  }
});

function run(root: string, ...args: string[]) {
  const bootstrap = join(root, 'infra', 'local', 'bootstrap.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bootstrap, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const COMMANDS = ['start', 'test', 'chaos', 'fuzz', 'bounds', 'bench', 'check:deploy', 'generate'];

describe.each(COMMANDS)('npm run %s', (command) => {
  it.each([[['--help']], [['-h']], [['--', '--help']]])('explains itself before anything is installed: %j', (args) => {
    const { status, stdout, stderr } = run(clone, command, ...args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^npm (run )?[a-z:]+/);
    expect(readdirSync(clone)).toEqual(['infra']);
  });
});

it.each(COMMANDS.filter((command) => command !== 'test'))(
  'npm run %s refuses an unknown option in one line',
  (command) => {
    const { status, stdout, stderr } = run(clone, command, '--no-such-option');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Unknown option '--no-such-option'.* Try --help\.\n$/);
  },
);

it('npm run dead-letters explains itself', () => {
  expect(run(projectRoot, 'dead-letters', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^Usage: npm run dead-letters/),
  });
});

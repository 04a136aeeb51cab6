import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { printStep, printWarning, step } from './launcher/progress.js';
import { onStopSignals } from './launcher/stop-signals.js';
import { keepTestFolder, openTestFolder } from './launcher/test-folder.js';
import { endLeftovers } from './processes/leftovers.js';
import type { LocalProcess } from './processes/local-process.js';
import { cacheFolder, projectRoot } from './project.js';
import { findExecutables } from './servers/executables.js';
import { postgresServer } from './servers/postgres.js';
import { runCommand } from './servers/run-command.js';
import { makeTemplateDatabase } from './testing/template-database.js';

/** How many tests passed and failed. A check or a test file that could not run counts as failed. */
interface Counts {
  passed: number;
  failed: number;
}

/** The file that `tally-reporter.mjs` writes after each test file. */
interface Tally extends Counts {
  /** Test files that ended. */
  files: number;
  /** Test files in all. */
  allFiles: number;
}

const folder = openTestFolder();
const tallyFile = join(folder, 'counts.json');
let postgres: LocalProcess | undefined;
let jest: ChildProcess | undefined;

// Nothing outside the project's folder: neither caches nor temporary files.
const privateFolders = {
  TMPDIR: join(folder, 'tmp'),
  XDG_CACHE_HOME: join(cacheFolder, 'xdg'),
  NODE_COMPILE_CACHE: join(cacheFolder, 'compiled'),
};

/** `npm test`: formatting, types, and every test against real servers. */
async function main(jestArguments: readonly string[]): Promise<Counts> {
  await endLeftovers();
  const checks = await Promise.all([
    check('format and lint', ['@biomejs/biome/bin/biome', 'ci', '--colors=off']),
    check('types of the tests', ['typescript/bin/tsc', '-b', 'infra/tsconfig.test.json']),
    findServers(),
  ]);
  const server = await step('Postgres for the tests', startPostgres);
  await step('database that the tests copy', () => makeTemplateDatabase(server.env));
  const tests = await runJest(server, jestArguments);
  return { passed: tests.passed, failed: tests.failed + checks.filter((good) => !good).length };
}

/** One tool from node_modules; shows what it says only when it finds something. */
async function check(label: string, [program = '', ...args]: string[]): Promise<boolean> {
  const since = performance.now();
  const { code, output } = await runCommand(process.execPath, [join(projectRoot, 'node_modules', program), ...args], {
    timeoutMs: 300_000,
    env: { ...process.env, ...privateFolders },
    cwd: projectRoot,
  });
  if (code === 0) {
    printStep(true, label, since);
    return true;
  }
  printStep(false, label, since);
  console.log(output.trim());
  return false;
}

async function findServers(): Promise<boolean> {
  const found = await step('find Redis, NATS, PgBouncer', () =>
    findExecutables(['redis-server', 'nats-server', 'pgbouncer']),
  );
  const reasons = Object.values(found).flatMap((one) => (one.kind === 'missing' ? [one.reason] : []));
  for (const reason of reasons) printWarning(`The tests need real servers. ${reason}`);
  return reasons.length === 0;
}

async function startPostgres(): Promise<LocalProcess> {
  const server = await postgresServer({
    folder: join(folder, 'postgres'),
    settings: {
      max_connections: '300',
      // These data live for one test run. Only a power cut needs the syncs, never a killed process.
      fsync: 'off',
    },
  });
  postgres = server;
  await server.start();
  return server;
}

async function runJest(server: LocalProcess, extra: readonly string[]): Promise<Counts> {
  const environment = Object.fromEntries(Object.entries(server.env).map(([name, value]) => [`TEST_${name}`, value]));
  // Settings of somebody's own stack must not leak into the tests.
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|POSTGRES_|REDIS_|NATS_|HTTP_|LOG_)/.test(name));
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--config=infra/jest.config.mjs',
      ...extra,
    ],
    {
      cwd: projectRoot,
      stdio: 'inherit',
      env: {
        ...Object.fromEntries(own),
        ...environment,
        TEST_FOLDER: folder,
        ...privateFolders,
      },
    },
  );
  jest = child;
  const code = await new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve(null));
  });
  jest = undefined;
  return countsOf(readTally(), code);
}

function countsOf(tally: Tally | undefined, code: number | null): Counts {
  if (tally === undefined) return { passed: 0, failed: 1 };
  const { passed, failed, files, allFiles } = tally;
  if (files < allFiles) printWarning(`The run was cut off after ${files} of ${allFiles} test files.`);
  // Jest can also fail as a whole, as when nothing matches a pattern.
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

function readTally(): Tally | undefined {
  try {
    return JSON.parse(readFileSync(tallyFile, 'utf8')) as Tally;
  } catch {
    return undefined;
  }
}

/** Ends what the tests have left running, which a good test does not. */
async function cleanUp(keepLogs: boolean): Promise<void> {
  await postgres?.stop();
  const leftovers = await endLeftovers();
  if (leftovers.length > 0) printWarning(`Processes that the tests left running were ended: ${leftovers.join(', ')}`);
  if (keepLogs) console.log(`Data and logs of this run: ${relative(projectRoot, keepTestFolder(folder))}`);
  else rmSync(folder, { recursive: true, force: true });
}

/** The last line of a run, also of one that was cut off. */
function printCounts({ passed, failed }: Counts): void {
  console.log(`${passed} passed, ${failed} failed`);
}

async function endEarly(): Promise<void> {
  const running = jest;
  running?.kill('SIGKILL');
  const { passed, failed } = countsOf(readTally(), null);
  await postgres?.kill();
  await cleanUp(false);
  printCounts({ passed, failed });
  process.exit(130);
}

onStopSignals({ stop: endEarly });

let counts: Counts = { passed: 0, failed: 1 };
try {
  counts = await main(process.argv.slice(3));
} catch (error) {
  console.error(`\n${(error as Error).message}`);
} finally {
  await cleanUp(counts.failed > 0);
}
printCounts(counts);
process.exitCode = counts.failed === 0 ? 0 : 1;

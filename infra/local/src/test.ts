import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from './browser.js';
import { printStep, printWarning, step } from './launcher/progress.js';
import { endLeftovers } from './processes/leftovers.js';
import type { LocalProcess } from './processes/local-process.js';
import { cacheFolder, projectRoot, readJson } from './project.js';
import { findExecutables } from './servers/executables.js';
import { postgresServer, SHORT_LIVED } from './servers/postgres.js';
import { runCommand } from './servers/run-command.js';
import { type StandAloneRun, standAloneRun } from './stand-alone-run.js';
import { makeTemplates } from './testing/templates.js';

/** How many tests passed and failed. A check or a test file that could not run counts as failed. */
interface Counts {
  passed: number;
  failed: number;
}

/** The file that `tally-reporter.mjs` writes after each test file. */
interface Tally extends Counts {
  /** Number of test files that ended. */
  files: number;
  /** Number of all test files. */
  allFiles: number;
}

let counts: Counts = { passed: 0, failed: 1 };

/** `npm test`: formatting, types, and every test against real servers. */
async function runTests(run: StandAloneRun, jestArguments: readonly string[]): Promise<boolean> {
  const folders = privateFolders(run.folder);
  const [server, ...checks] = await Promise.all([
    preparePostgres(run),
    check('format and lint', ['@biomejs/biome/bin/biome', 'ci', '--colors=off'], folders),
    check('types of the tests', ['typescript/bin/tsc', '-b', 'infra/tsconfig.test.json'], folders),
    findServers(),
  ]);
  if (findChromium() === undefined) {
    printWarning('Chromium is not installed, so the browser tests are skipped. `npm run test:browser` installs it.');
  }
  const postgres = Object.entries(server.env).map(([name, value]) => [`TEST_${name}`, value]);
  await runJest(run, { ...folders, ...Object.fromEntries(postgres) }, jestArguments);
  counts.failed += checks.filter((good) => !good).length;
  return counts.failed === 0;
}

/** Caches and temporary files stay inside the folder of the project. */
function privateFolders(folder: string): Record<string, string> {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  return {
    TMPDIR: temporary,
    XDG_CACHE_HOME: join(cacheFolder, 'xdg'),
    NODE_COMPILE_CACHE: join(cacheFolder, 'compiled'),
  };
}

/** Runs a tool from node_modules, and prints its output only if it finds a problem. */
async function check(label: string, [program = '', ...args]: string[], folders: NodeJS.ProcessEnv): Promise<boolean> {
  const since = performance.now();
  const { code, output } = await runCommand(process.execPath, [join(projectRoot, 'node_modules', program), ...args], {
    timeoutMs: 300_000,
    env: { ...process.env, ...folders },
    cwd: projectRoot,
  });
  printStep(code === 0, label, since);
  if (code !== 0) console.log(output.trim());
  return code === 0;
}

async function findServers(): Promise<boolean> {
  const found = await step('find Redis, NATS, PgBouncer, OpenSSL', () =>
    findExecutables(['redis-server', 'nats-server', 'pgbouncer', 'openssl']),
  );
  const reasons = Object.values(found).flatMap((one) => (one.kind === 'missing' ? [one.reason] : []));
  for (const reason of reasons) printWarning(`The tests need real servers. ${reason}`);
  return reasons.length === 0;
}

/** Starts the Postgres that the test files share, with the templates that they copy. */
async function preparePostgres(run: StandAloneRun): Promise<LocalProcess> {
  const folder = join(run.folder, 'postgres');
  const server = await step('Postgres for the tests', () => startPostgres(run, folder));
  await step('database that the tests copy', () => makeTemplates(server, folder));
  return server;
}

async function startPostgres({ onEnd }: StandAloneRun, folder: string): Promise<LocalProcess> {
  const server = await postgresServer({
    folder,
    // Outside its folder, which is copied.
    logFile: `${folder}.log`,
    settings: { ...SHORT_LIVED, max_connections: '300' },
  });
  onEnd(async () => {
    await server.stop();
    const leftovers = await endLeftovers();
    if (leftovers.length > 0) {
      printWarning(`Processes that the tests left running were ended: ${leftovers.join(', ')}`);
    }
  });
  await server.start();
  return server;
}

async function runJest(
  { folder, onEnd }: StandAloneRun,
  env: NodeJS.ProcessEnv,
  extra: readonly string[],
): Promise<void> {
  // The user's settings of another stack must not affect the tests.
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|HTTP_|LOG_)/.test(name));
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--config=infra/jest.config.mjs',
      ...extra,
    ],
    { cwd: projectRoot, stdio: 'inherit', env: { ...Object.fromEntries(own), TEST_FOLDER: folder, ...env } },
  );
  const counted = new Promise<number | null>((resolve) => {
    jest.once('exit', resolve);
    jest.once('error', () => resolve(null));
  }).then((code) => {
    counts = countsOf(readJson<Tally>(join(folder, 'counts.json')), code);
  });
  onEnd(() => {
    jest.kill('SIGKILL');
    return counted;
  });
  await counted;
}

function countsOf(tally: Tally | undefined, code: number | null): Counts {
  if (tally === undefined) return { passed: 0, failed: 1 };
  const { passed, failed, files, allFiles } = tally;
  if (files < allFiles) printWarning(`The run was cut off after ${files} of ${allFiles} test files.`);
  // Jest can also fail as a whole, for example if no file matches a pattern.
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

// The last line of a run, also of one that was cut off.
process.once('exit', () => console.log(`${counts.passed} passed, ${counts.failed} failed`));
await standAloneRun('test', (args) => args, runTests);

import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { onStopSignals } from './launcher/stop-signals.js';
import { endLeftovers } from './processes/leftovers.js';
import { findProcess } from './processes/table.js';
import { localFolder, projectRoot } from './project.js';

/** Programs that start servers of their own, each with a folder under `.local`. */
export type RunName = 'test' | 'chaos' | 'fuzz' | 'bounds' | 'bench' | 'check-deploy' | 'check-upgrade';

/** The user's settings of another stack, such as DATABASE_URL, must not affect the processes of the run. */
function dropServerVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(DATABASE_URL|POSTGRES_|REDIS_|NATS_)/.test(name)) delete process.env[name];
  }
}

/** The folder and the shutdown hooks of such a program. */
export interface StandAloneRun {
  /** An empty folder for data and logs, which is kept after a failed run. */
  readonly folder: string;
  /**
   * Adds a function that ends something that was started. The functions run last in, first out, and twice, because a process
   * may be starting during the first run.
   */
  onEnd(end: () => Promise<void>): void;
}

/**
 * Runs a program that starts its own servers, and exits this process: with 0 if `work` returns success. All processes are
 * ended, also after an interrupt or a kill of the npm that runs it.
 *
 * @param readOptions reads the arguments; it throws an Error that describes the valid ones
 */
export async function standAloneRun<Options>(
  name: RunName,
  readOptions: (args: readonly string[]) => Options,
  work: (run: StandAloneRun, options: Options) => Promise<boolean>,
): Promise<never> {
  const options = optionsOrEnd(readOptions);
  dropServerVariables();
  await endLeftovers();
  const folder = openRunFolder(name);
  const ends: (() => Promise<void>)[] = [];
  const endAll = async () => {
    for (let time = 0; time < 2; time += 1) for (const end of ends.toReversed()) await end();
  };
  let interrupted = false;
  const interrupt = async () => {
    interrupted = true;
    console.log('\nEnding all processes …');
    await endAll();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  onStopSignals({ stop: interrupt });

  let good = false;
  try {
    good = await work({ folder, onEnd: (end) => ends.push(end) }, options);
  } catch (error) {
    if (!interrupted) console.error(`\n${(error as Error).message}`);
  }
  // The interrupt handler removes everything and ends the process.
  if (interrupted) await new Promise(() => undefined);
  await endAll();
  if (good) rmSync(folder, { recursive: true, force: true });
  else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  // Exits explicitly, as Node 20 never ends by itself after connections were reset while they were being closed.
  return process.exit(good ? 0 : 1);
}

function optionsOrEnd<Options>(readOptions: (args: readonly string[]) => Options): Options {
  try {
    // argv[2] is the name of the program.
    return readOptions(process.argv.slice(3));
  } catch (error) {
    console.error((error as Error).message);
    return process.exit(2);
  }
}

/** An empty folder for the data and logs of this run; removes those of runs that were killed. */
function openRunFolder(name: RunName): string {
  const parent = join(localFolder, name);
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    const isKilled = /^\d+$/.test(entry) && findProcess(Number(entry)) === undefined;
    if (isKilled || entry === String(process.pid)) rmSync(join(parent, entry), { recursive: true, force: true });
  }
  const folder = join(parent, String(process.pid));
  mkdirSync(folder);
  return folder;
}

/** Keeps the data and logs of a failed run, and deletes those of the previous one. @returns the folder */
function keepRunFolder(folder: string): string {
  const kept = join(folder, '..', 'last-failed');
  rmSync(kept, { recursive: true, force: true });
  renameSync(folder, kept);
  return relative(projectRoot, kept);
}

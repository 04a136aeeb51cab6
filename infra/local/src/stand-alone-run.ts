import { rmSync } from 'node:fs';
import { onStopSignals } from './launcher/stop-signals.js';
import { endLeftovers } from './processes/leftovers.js';
import { keepRunFolder, openRunFolder, type RunName } from './run-folder.js';

/** The folder and the shutdown hook of such a program. */
export interface StandAloneRun {
  /** Empty, for data and logs; kept when the run was not good. */
  readonly folder: string;
  /** How to end what was started, at whatever moment; called twice, as something may be starting just then. */
  onEnd(end: () => Promise<void>): void;
}

/**
 * Runs a program that starts servers of its own, and ends this process: with 0 when `work` says that all was good.
 * Nothing is left running, also not when it is interrupted or the npm that runs it is killed.
 *
 * @param readOptions from the arguments; @throws Error that says what can be given
 */
export async function standAloneRun<Options>(
  name: RunName,
  readOptions: (args: readonly string[]) => Options,
  work: (run: StandAloneRun, options: Options) => Promise<boolean>,
): Promise<never> {
  const options = optionsOrEnd(readOptions);
  await endLeftovers();
  const folder = openRunFolder(name);
  const ends: (() => Promise<void>)[] = [];
  const endAll = async () => {
    for (let time = 0; time < 2; time += 1) for (const end of ends) await end();
  };
  let interrupted = false;
  const interrupt = async () => {
    interrupted = true;
    console.log('\nEnding everything …');
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
  // Not left to Node: once connections were reset while they were being closed, Node 20 never ends by itself.
  return process.exit(good ? 0 : 1);
}

function optionsOrEnd<Options>(readOptions: (args: readonly string[]) => Options): Options {
  try {
    // Before them stands the name of the program.
    return readOptions(process.argv.slice(3));
  } catch (error) {
    console.error((error as Error).message);
    return process.exit(2);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalProcess } from '../processes/local-process.js';
import { printWarning } from './progress.js';

const ATTEMPTS = 5;
const PAUSE_MS = 1_000;
// After a process has run for a minute, its attempts are counted from zero again.
const FORGET_AFTER_MS = 60_000;

/** Restarts a process that ends unexpectedly, {@link ATTEMPTS} times at most, and prints each restart. */
export function supervise(process: LocalProcess, isStopping: () => boolean): void {
  let attempts = 0;
  let lastStart = 0;

  const heal = async (reason: string): Promise<void> => {
    if (isStopping()) return;
    printWarning(`${process.name} ${reason}. The end of its log (${process.logFile}):`);
    console.log(process.logTail(8).replaceAll(/^/gm, '    '));
    if (performance.now() - lastStart > FORGET_AFTER_MS) attempts = 0;
    while (attempts < ATTEMPTS) {
      attempts += 1;
      await sleep(PAUSE_MS);
      if (isStopping()) return;
      lastStart = performance.now();
      try {
        await process.start();
        console.log(`✔ ${process.name} is back`);
        return;
      } catch (error) {
        if (!isStopping()) printWarning((error as Error).message);
      }
    }
    printWarning(
      `${process.name} failed ${ATTEMPTS} times and is not started again. Stop with Ctrl-C, read its log, then run npm start.`,
    );
  };

  process.onUnexpectedExit((reason) => void heal(reason));
}

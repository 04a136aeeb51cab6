import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalProcess } from '../processes/local-process.js';
import { printWarning } from './progress.js';

const ATTEMPTS = 5;
const PAUSE_MS = 1_000;
// After a minute of good work earlier failures are forgotten.
const FORGET_AFTER_MS = 60_000;

/** Starts a process again when it dies by itself, a few times, and says so. */
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
    printWarning(`${process.name} does not stay up; giving it up. Ctrl-C and npm start try anew.`);
  };

  process.onUnexpectedExit((reason) => void heal(reason));
}

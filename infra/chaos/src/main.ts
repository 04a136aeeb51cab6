import { rmSync } from 'node:fs';
import { endLeftovers } from '@ads/local';
import { QueueWatch } from './checks/queue-watch.js';
import { Books } from './load/books.js';
import { type Options, readOptions } from './options.js';
import { isGood, printRound, printTable, summary } from './report.js';
import { playRound, type RoundResult, type Run } from './round.js';
import { keepRunFolder, openRunFolder } from './run-folder.js';
import { ChaosStack } from './stack/chaos-stack.js';

/** `npm run chaos`: real servers, load as players make it, one fault after the other, and a comparison after each. */
async function main(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  console.log(`${options.faults.length} rounds, seed ${options.seed}`);
  await endLeftovers();
  const folder = openRunFolder();
  const stack = new ChaosStack(folder);
  const interrupted = endOnSignals(stack, folder);
  let good = false;
  try {
    await stack.start();
    good = await playAll(stack, options);
  } finally {
    // Whoever interrupted us takes everything away, and ends the process.
    if (interrupted()) await new Promise(() => undefined);
    await stack.end();
    if (good) rmSync(folder, { recursive: true, force: true });
    else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  }
  return good;
}

async function playAll(stack: ChaosStack, { seed, seconds, faults }: Options): Promise<boolean> {
  const run: Run = { stack, books: new Books(), kept: [], shown: new Map(), queue: new QueueWatch(), seed, seconds };
  const results: RoundResult[] = [];
  for (const [index, fault] of faults.entries()) {
    const since = performance.now();
    const time = faults.slice(0, index).filter((earlier) => earlier === fault).length;
    const result = await playRound(run, fault, time);
    results.push(result);
    printRound(`${index + 1}/${faults.length} ${fault.name}`, result, since);
  }
  printTable(results);
  console.log(JSON.stringify(summary(seed, results, run.books)));
  return results.every(isGood);
}

/**
 * Ctrl-C, and whoever else ends us, leaves nothing behind. npm passes Ctrl-C on as well: the second one is no news.
 *
 * @returns whether that has begun
 */
function endOnSignals(stack: ChaosStack, folder: string): () => boolean {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    console.log('\nEnding everything …');
    await stack.end();
    // What was being started at that moment.
    await stack.end();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
  return () => ending;
}

let code = 1;
try {
  code = (await main(process.argv.slice(3))) ? 0 : 1;
} catch (error) {
  console.error(`\n${(error as Error).message}`);
}
// Not left to Node: once connections were reset while they were being closed, Node 20 never ends by itself.
process.exit(code);

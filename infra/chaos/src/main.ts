import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers, keepRunFolder, openRunFolder, requireExecutable } from '@ads/local';
import { QueueWatch } from './checks/queue-watch.js';
import { endOnSignals } from './end-on-signals.js';
import type { Fault } from './faults/fault.js';
import { Books } from './load/books.js';
import { readOptions } from './options.js';
import { isGood, type Played, printResults, printRound, summary } from './report.js';
import { playRound, type RoundResult, type Run } from './round.js';
import { ChaosStack } from './stack/chaos-stack.js';
import { openScaledOutServers } from './stack/scaled-out-servers.js';
import { openSingleServers } from './stack/single-servers.js';

/** A stack, and the faults that it goes through, one in each round. */
interface Part {
  readonly stack: ChaosStack;
  readonly faults: readonly Fault[];
}

/** `npm run chaos`: real servers, load as players make it, one fault after the other, and a comparison after each. */
async function main(args: readonly string[]): Promise<boolean> {
  const { seed, seconds, faults } = readOptions(args);
  console.log(`${faults.length} rounds, seed ${seed}`);
  await endLeftovers();
  // Not only when all other rounds are over.
  if (faults.some(({ scaledOut }) => scaledOut)) await requireExecutable('pgbouncer');
  const folder = openRunFolder('chaos');
  const parts = [
    {
      stack: new ChaosStack(join(folder, 'single'), openSingleServers),
      faults: faults.filter(({ scaledOut }) => !scaledOut),
    },
    {
      stack: new ChaosStack(join(folder, 'scaled-out'), openScaledOutServers),
      faults: faults.filter(({ scaledOut }) => scaledOut),
    },
  ].filter((part) => part.faults.length > 0);
  const end = async () => {
    for (const { stack } of parts) await stack.end();
  };
  const interrupted = endOnSignals(end, folder);
  let good = false;
  try {
    const played: Played[] = [];
    for (const part of parts) played.push(await play(part, seed, seconds));
    const results = played.flatMap((one) => one.results);
    printResults(results);
    console.log(JSON.stringify(summary(seed, played)));
    good = results.every(isGood);
  } finally {
    // Whoever interrupted us takes everything away, and ends the process.
    if (interrupted()) await new Promise(() => undefined);
    await end();
    if (good) rmSync(folder, { recursive: true, force: true });
    else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  }
  return good;
}

/** All rounds of one stack, which is then ended: the next one has the machine for itself. */
async function play({ stack, faults }: Part, seed: number, seconds: number | undefined): Promise<Played> {
  await stack.start();
  const run: Run = { stack, books: new Books(), kept: [], shown: new Map(), queue: new QueueWatch(), seed, seconds };
  const results: RoundResult[] = [];
  for (const [index, fault] of faults.entries()) {
    const since = performance.now();
    const time = faults.slice(0, index).filter((earlier) => earlier === fault).length;
    const result = await playRound(run, fault, time);
    results.push(result);
    printRound(`${index + 1}/${faults.length} ${fault.name}`, result, since);
  }
  await stack.end();
  return { results, books: run.books };
}

let code = 1;
try {
  code = (await main(process.argv.slice(3))) ? 0 : 1;
} catch (error) {
  console.error(`\n${(error as Error).message}`);
}
// Not left to Node: once connections were reset while they were being closed, Node 20 never ends by itself.
process.exit(code);

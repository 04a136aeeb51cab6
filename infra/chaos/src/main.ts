import { rmSync } from 'node:fs';
import { endLeftovers, keepRunFolder, openRunFolder, requireExecutable } from '@ads/local';
import { QueueWatch } from './checks/queue-watch.js';
import { endOnSignals } from './end-on-signals.js';
import type { Fault } from './faults/fault.js';
import { Books } from './load/books.js';
import { type Options, readOptions } from './options.js';
import { isGood, type Played, printResults, printRound, summary } from './report.js';
import { playRound, type RoundResult, type Run } from './round.js';
import { ChaosStack } from './stack/chaos-stack.js';
import { scaledOutServers } from './stack/scaled-out-servers.js';
import { singleServers } from './stack/single-servers.js';

/** A stack, and the faults that it goes through, one in each round. */
interface Part {
  readonly stack: ChaosStack;
  readonly faults: readonly Fault[];
}

/** Whoever interrupted us takes everything away, and ends the process. */
const beingEnded = new Promise<never>(() => undefined);

/** `npm run chaos`: real servers, load as players make it, one fault after the other, and a comparison after each. */
async function main(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  const { faults, seed } = options;
  console.log(`${faults.length} rounds, seed ${seed}`);
  await endLeftovers();
  // Not only when all other rounds are over.
  if (faults.some(({ scaledOut }) => scaledOut)) await requireExecutable('pgbouncer');
  const folder = openRunFolder('chaos');
  const parts = [
    {
      stack: new ChaosStack(folder, singleServers),
      faults: faults.filter(({ scaledOut }) => !scaledOut),
    },
    {
      stack: new ChaosStack(folder, scaledOutServers),
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
    let round = 0;
    const label = ({ name }: Fault) => `${++round}/${faults.length} ${name}`;
    for (const part of parts) {
      if (interrupted()) await beingEnded;
      played.push(await play(part, options, label));
    }
    const results = played.flatMap((one) => one.results);
    printResults(results);
    console.log(JSON.stringify(summary(seed, played)));
    good = results.every(isGood);
  } finally {
    if (interrupted()) await beingEnded;
    await end();
    if (good) rmSync(folder, { recursive: true, force: true });
    else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  }
  return good;
}

/** All rounds of one stack, which is then ended: the next one has the machine for itself. */
async function play(
  { stack, faults }: Part,
  { seed, seconds }: Options,
  label: (fault: Fault) => string,
): Promise<Played> {
  await stack.start();
  const run: Run = { stack, books: new Books(), kept: [], shown: new Map(), queue: new QueueWatch(), seed, seconds };
  const results: RoundResult[] = [];
  for (const [index, fault] of faults.entries()) {
    const since = performance.now();
    const time = faults.slice(0, index).filter((earlier) => earlier === fault).length;
    const result = await playRound(run, fault, time);
    results.push(result);
    printRound(label(fault), result, since);
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

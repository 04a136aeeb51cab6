import { AnsweredCounts, Journal } from '@ads/harness';
import { requireExecutable, type StandAloneRun, standAloneRun } from '@ads/local';
import { QueueWatch } from './checks/queue-watch.js';
import type { Fault } from './faults/fault.js';
import { type Options, readOptions } from './options.js';
import { isGood, type Played, printResults, printRound, summary } from './report.js';
import { playRound, type RoundResult } from './round.js';
import { ChaosStack } from './stack/chaos-stack.js';
import { scaledOut, single } from './stack/topologies.js';

/** A stack and the faults of its rounds. */
interface Part {
  readonly stack: ChaosStack;
  readonly faults: readonly Fault[];
}

/** `npm run chaos`: real servers, load of players, one fault after the other, and a comparison after each. */
async function main({ folder, onEnd }: StandAloneRun, options: Options): Promise<boolean> {
  const { faults, seed } = options;
  console.log(`${faults.length} rounds, seed ${seed}`);
  // Checks for PgBouncer before the first round, so that the run does not fail after half of its rounds.
  if (faults.some(({ scaledOut }) => scaledOut)) await requireExecutable('pgbouncer');
  const parts = [single, scaledOut]
    .map((topology) => ({
      stack: new ChaosStack(folder, topology),
      faults: faults.filter((fault) => (fault.scaledOut === true) === (topology === scaledOut)),
    }))
    .filter((part) => part.faults.length > 0);
  const played: Played[] = [];
  let round = 0;
  const label = ({ name }: Fault) => `${++round}/${faults.length} ${name}`;
  for (const part of parts) {
    onEnd(() => part.stack.end());
    played.push(await play(part, options, label));
  }
  const results = played.flatMap((one) => one.results);
  printResults(results);
  console.log(JSON.stringify(summary(seed, played)));
  return results.every(isGood);
}

/** Runs all rounds of one stack, and then ends the stack so that the next one can use the whole machine. */
async function play(
  { stack, faults }: Part,
  { seed, seconds }: Options,
  label: (fault: Fault) => string,
): Promise<Played> {
  await stack.start();
  const journal = new Journal();
  const state = { journal, kept: [], answered: new AnsweredCounts(), queue: new QueueWatch() };
  const results: RoundResult[] = [];
  for (const [index, fault] of faults.entries()) {
    const since = performance.now();
    const time = faults.slice(0, index).filter((earlier) => earlier === fault).length;
    const result = await playRound({ stack, seed, seconds, ...state }, fault, time);
    results.push(result);
    printRound(label(fault), result, since);
  }
  await stack.end();
  return { results, journal };
}

await standAloneRun('chaos', readOptions, main);

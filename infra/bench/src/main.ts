import { cpus } from 'node:os';
import { join } from 'node:path';
import { flag, namesOf, parseOptions } from '@ads/harness';
import { printDetail, printTable, type StandAloneRun, standAloneRun } from '@ads/local';
import { FULL, QUICK } from './budget.js';
import { busyShare, canPin, runAt } from './cores.js';
import { goalsOf, verdictOf } from './goals.js';
import type { PartFigures } from './part.js';
import { PARTS, type PartName } from './parts/catalogue.js';
import { BenchStack } from './stack.js';
import { inFigures, rounded } from './statistics.js';

/** The benchmark prints a warning if other programs use more than this share of the CPU. */
const QUIET = 0.1;

const NAMES = Object.keys(PARTS) as PartName[];

/** The parts to run, in order, their length, and whether a missed goal is a failure. @throws Error with one line */
function readOptions(args: readonly string[]) {
  const {
    only: names = NAMES,
    quick,
    enforce,
  } = parseOptions(args, { quick: flag, enforce: flag, only: namesOf(NAMES) });
  return { names, budget: quick ? QUICK : FULL, enforce };
}

/** `npm run bench`: runs each part on new servers and prints its tables, then one line of JSON and the missed goals. */
async function main(
  { folder, onEnd }: StandAloneRun,
  { names, budget, enforce }: ReturnType<typeof readOptions>,
): Promise<boolean> {
  const began = performance.now();
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? '?',
    node: process.versions.node,
    pinned: canPin,
    busy_before: rounded(await busyShare()),
  };
  console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${budget.name}`);
  if (machine.busy_before > QUIET) {
    printDetail(
      `⚠ The machine is ${Math.round(100 * machine.busy_before)} % busy with other programs, so the figures are unreliable.`,
    );
  }
  if (!canPin)
    printDetail('Load and servers share all cores (one core, or no taskset), so the figures are unreliable.');
  const results: Record<string, PartFigures> = {};
  for (const name of names) {
    const { title, ads, run } = PARTS[name];
    console.log(`\n${name}: ${title}`);
    const since = performance.now();
    const stack = new BenchStack(join(folder, name), ads);
    onEnd(() => stack.end());
    runAt('anywhere');
    results[name] = await run(stack, budget);
    await stack.end();
    printDetail(`${((performance.now() - since) / 1_000).toFixed(0)} s`);
  }
  const goals = goalsOf(results);
  printTable(
    ['goal', ''],
    goals.map(({ what, value }) => [what, inFigures(value)]),
    [0],
  );
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(
    JSON.stringify({
      machine,
      mode: budget.name,
      seconds,
      ...results,
      goals: Object.fromEntries(goals.map(({ name, value }) => [name, rounded(value)])),
    }),
  );
  const { isMet, sentences } = verdictOf(goals);
  for (const sentence of sentences) console.log(sentence);
  return isMet || !enforce;
}

if (process.platform !== 'linux') throw new Error('npm run bench needs Linux: it reads memory and CPU from /proc.');
await standAloneRun('bench', readOptions, main);

import { AnsweredCounts, Journal } from '@ads/harness';
import { gitIn, projectRoot, type StandAloneRun, standAloneRun, step } from '@ads/local';
import { isGood, printResults, printRound, summary } from '../report.js';
import type { RoundResult } from '../round.js';
import { buildRelease, type FormerRelease, findFormerRelease } from './former-release.js';
import { readOptions } from './options.js';
import { goalsOf, playRound, type Run } from './round.js';
import { UpgradeStack } from './upgrade-stack.js';

const git = gitIn(projectRoot);

interface Drill {
  readonly former: FormerRelease;
  readonly rounds: number;
  readonly seed: number;
}

/** `npm run check:upgrade`: the former release and this one side by side under load, and a comparison after each change. */
async function main({ folder, onEnd }: StandAloneRun, { former, rounds, seed }: Drill): Promise<boolean> {
  console.log(`from ${former.name} (${former.commit.slice(0, 8)}), ${rounds} rounds, seed ${seed}`);
  const root = await step('build the former release', () => buildRelease(git, former));
  const stack = new UpgradeStack(folder, root);
  onEnd(() => stack.end());
  await stack.start();
  const run: Run = { stack, seed, journal: new Journal(), kept: [], answered: new AnsweredCounts() };
  const results: RoundResult[] = [];
  for (const [index, goal] of goalsOf(rounds).entries()) {
    const since = performance.now();
    const result = await playRound(run, goal, index);
    results.push(result);
    printRound(`${index + 1}/${rounds} ${goal}`, result, since);
  }
  printResults(results);
  const { name, commit } = former;
  console.log(JSON.stringify({ from: name, commit, ...summary(seed, [{ results, journal: run.journal }]) }));
  return results.every(isGood);
}

/** Reads the arguments, and finds the former release before anything starts. */
function readDrill(args: readonly string[]): Drill {
  const { from, ...options } = readOptions(args);
  return { ...options, former: findFormerRelease(git, from) };
}

await standAloneRun('check-upgrade', readDrill, main);

import type { Journal } from '@ads/harness';
import { printDetail, printStep, printTable } from '@ads/local';
import type { RoundResult } from './round.js';

const SHOWN_OF_EACH = 4;

const PROBLEMS = ['lost', 'duplicated', 'miscounted', 'wrongAnswers', 'complaints'] as const;

/** True if no event was lost or duplicated, no count was wrong, and no promise was broken. */
export function isGood(result: RoundResult): boolean {
  return PROBLEMS.every((what) => result[what].length === 0);
}

/** Prints one line for a round, and its problems below. */
export function printRound(label: string, result: RoundResult, sinceMs: number): void {
  printStep(isGood(result), label, sinceMs);
  for (const what of PROBLEMS) {
    for (const problem of result[what].slice(0, SHOWN_OF_EACH)) printDetail(`${what}: ${problem}`);
    const more = result[what].length - SHOWN_OF_EACH;
    if (more > 0) printDetail(`${what}: and ${more} more`);
  }
  for (const remark of result.remarks) printDetail(`remark: ${remark}`);
}

/** Prints a row for each round. */
export function printResults(results: readonly RoundResult[]): void {
  const head = ['round', 'fault', 'at s', 'stored', 'counted', 'lost', 'duplicated', 'miscounted', 'heal s', 'answers'];
  const rows = results.map((result, index) => [
    String(index + 1),
    result.fault,
    (result.atMs / 1_000).toFixed(1),
    String(result.stored),
    String(result.counted),
    String(result.lost.length),
    String(result.duplicated.length),
    String(result.miscounted.length + result.wrongAnswers.length),
    (result.healMs / 1_000).toFixed(1),
    result.sources,
  ]);
  printTable(head, rows, [1, 9]);
}

/** The rounds of one stack, and its journal. */
export interface Played {
  readonly results: readonly RoundResult[];
  readonly journal: Journal;
}

/**
 * Summarises all stacks as the last line of a run, for programs. A problem can last several rounds, so its count is the maximum.
 */
export function summary(seed: number, played: readonly Played[]) {
  const results = played.flatMap((one) => one.results);
  const sum = (count: (one: Played) => number | undefined) =>
    played.reduce((total, one) => total + (count(one) ?? 0), 0);
  const worst = (count: (result: RoundResult) => number) => Math.max(0, ...results.map(count));
  return {
    rounds: results.length,
    seed,
    sent: sum(({ journal }) => journal.sent),
    accepted: sum(({ journal }) => journal.acknowledged.size),
    redirected: sum(({ journal }) => journal.redirected.size),
    stored: sum((one) => one.results.at(-1)?.stored),
    verdicts: sumVerdicts(played.map((one) => one.results.at(-1)?.verdicts ?? {})),
    counted: sum((one) => one.results.at(-1)?.counted),
    lost: worst(({ lost }) => lost.length),
    duplicated: worst(({ duplicated }) => duplicated.length),
    miscounted: worst(({ miscounted, wrongAnswers }) => miscounted.length + wrongAnswers.length),
    rejected: sum(({ journal }) => journal.rejected),
    max_heal_ms: Math.round(worst(({ healMs }) => healMs)),
  };
}

function sumVerdicts(ofStacks: readonly RoundResult['verdicts'][]): RoundResult['verdicts'] {
  const sums: Record<string, number> = {};
  for (const [name, count] of ofStacks.flatMap(Object.entries<number>)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

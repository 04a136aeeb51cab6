import { printTable } from '@ads/local';
import type { Campaign } from './campaign.js';
import { type Footprint, megabytes } from './check/memory.js';

const SHOWN = 12;

/** Prints a row per family with the number of each outcome. */
export function printFamilies({ tally }: Campaign): void {
  const outcomes = [...new Set([...tally.values()].flatMap((counts) => [...counts.keys()]))].sort();
  const rows = [...tally]
    .sort()
    .map(([family, counts]) => [family, ...outcomes.map((name) => String(counts.get(name) ?? ''))]);
  printTable(['family', ...outcomes], rows, [0]);
}

/** Prints the memory of each service after each quarter. */
export function printMemory(quarters: readonly (readonly Footprint[])[]): void {
  const names = quarters[0]?.map(({ name }) => name) ?? [];
  const rows = names.map((name, index) => [
    name,
    ...quarters.map((footprints) => {
      const { heapBytes = 0, residentBytes = 0 } = footprints[index] ?? {};
      return `${megabytes(heapBytes)} of ${megabytes(residentBytes)}`;
    }),
  ]);
  printTable(['heap of resident', ...quarters.map((_, index) => `after ${index + 1}/${quarters.length}`)], rows, [0]);
}

/** Prints each violation with the smallest request that shows it and the parameters that repeat it. */
export function printViolations({ violations }: Campaign, others: readonly string[]): void {
  const kinds = new Map(violations.map((violation) => [`${violation.what} ${violation.sentence}`, violation]));
  for (const { what, sentence, request, replay } of [...kinds.values()].slice(0, SHOWN)) {
    console.log(`✖ ${what}: ${sentence}\n${request.replaceAll(/^/gm, '    ')}\n    (${replay})\n`);
  }
  if (kinds.size > SHOWN) console.log(`✖ and ${kinds.size - SHOWN} more`);
  for (const sentence of others.slice(0, SHOWN)) console.log(`✖ ${sentence}`);
  if (others.length > SHOWN) console.log(`✖ and ${others.length - SHOWN} more`);
}

/** The number of requests whose outcome satisfies `is`. */
export function countOf({ tally }: Campaign, is: (outcome: string) => boolean): number {
  let sum = 0;
  for (const counts of tally.values()) for (const [outcome, count] of counts) if (is(outcome)) sum += count;
  return sum;
}

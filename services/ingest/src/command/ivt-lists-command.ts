import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parsed, reasonOf, UsageError } from '@ads/runtime';
import { createRangeCollector } from '../invalid-traffic/collect-ranges.js';
import { rangeTexts } from '../invalid-traffic/range-texts.js';
import { rangesIn } from './cloud-ranges.js';

interface ListsCommand {
  readonly files: readonly string[];
}

/** @throws UsageError */
export function readListsCommand(args: readonly string[]): ListsCommand {
  const { positionals } = parsed(() => parseArgs({ args: [...args], allowPositionals: true }));
  if (positionals.length === 0) throw new UsageError('Give the files of the clouds.');
  return { files: positionals };
}

/**
 * Prints the ranges of all files as one list, in order, without those that are within others.
 *
 * @throws Error for a file that cannot be read, and for one in an unknown format
 */
export async function runListsCommand({ files }: ListsCommand, print: (text: string) => void): Promise<boolean> {
  const collector = createRangeCollector();
  const counts: string[] = [];
  for (const file of files) {
    try {
      const ranges = rangesIn(await readFile(file, 'utf8'));
      for (const range of ranges) {
        const problem = collector.add(range);
        if (problem !== undefined) throw new Error(`${JSON.stringify(range.slice(0, 60))} ${problem}`);
      }
      counts.push(`# ${file}: ${ranges.length} ranges`);
    } catch (error) {
      throw new Error(`${file}: ${reasonOf(error)}`);
    }
  }
  print([...counts, ...rangeTexts(collector.ranges())].join('\n'));
  return true;
}

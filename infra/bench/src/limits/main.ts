import { join } from 'node:path';
import { namesOf, parseOptions, wholeNumber } from '@ads/harness';
import { printDetail, type StandAloneRun, standAloneRun } from '@ads/local';
import { LIMITS, type LimitName } from './catalogue.js';
import type { LimitResult } from './limit.js';
import { LimitsStack } from './stack.js';

const NAMES = Object.keys(LIMITS) as LimitName[];

/** The limits to check, in order, and their settings. @throws Error with one line */
function readOptions(args: readonly string[]) {
  const values = parseOptions(args, {
    only: namesOf(NAMES),
    seconds: wholeNumber(1, 600),
    'cap-mb': wholeNumber(1, 256),
    rate: wholeNumber(1, 300),
  });
  const { only: names = NAMES, seconds, 'cap-mb': capMegabytes, rate: perSecond } = values;
  return { names, seconds, capMegabytes, perSecond };
}

/** `npm run bounds`: checks each limit on new servers, and prints one line of JSON at the end. */
async function main(
  { folder, onEnd }: StandAloneRun,
  { names, ...options }: ReturnType<typeof readOptions>,
): Promise<boolean> {
  const results = new Map<string, LimitResult>();
  for (const name of names) {
    console.log(`\n${name}`);
    const { ads, run } = LIMITS[name];
    const stack = new LimitsStack(join(folder, name), ads, options.capMegabytes);
    onEnd(() => stack.end());
    const result = await run(stack, options);
    for (const sentence of result.broken) printDetail(`✖ ${sentence}`);
    results.set(name, result);
    await stack.end();
  }
  const figures = [...results].map(([name, { figures, broken }]) => [name, { ...figures, broken: broken.length }]);
  console.log(JSON.stringify(Object.fromEntries(figures)));
  return [...results.values()].every(({ broken }) => broken.length === 0);
}

if (process.platform !== 'linux') throw new Error('npm run bounds needs Linux: it reads memory and CPU from /proc.');
await standAloneRun('bounds', readOptions, main);

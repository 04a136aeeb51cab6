import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers, keepRunFolder, openRunFolder } from '@ads/local';
import { endOnSignals } from '../end-on-signals.js';
import { printDetail } from '../progress.js';
import type { BoundResult } from './bound.js';
import { BOUNDS } from './catalogue.js';
import { readOptions } from './options.js';
import { BoundsStack } from './stack.js';

/** `npm run bounds`: each bound on servers of its own, with its figures; one line of JSON at the end. */
async function main(args: readonly string[]): Promise<boolean> {
  const { names, ...options } = readOptions(args);
  if (process.platform !== 'linux') throw new Error('The bounds are read from /proc, which only Linux has.');
  await endLeftovers();
  const folder = openRunFolder('bounds');
  let stack: BoundsStack | undefined;
  const interrupted = endOnSignals(async () => await stack?.end(), folder);
  const results = new Map<string, BoundResult>();
  let good = false;
  try {
    for (const name of names) {
      console.log(`\n${name}`);
      const { ads, run } = BOUNDS[name];
      stack = new BoundsStack(join(folder, name), ads, options.capMegabytes);
      const result = await run(stack, options);
      for (const sentence of result.broken) printDetail(`✖ ${sentence}`);
      results.set(name, result);
      await stack.end();
    }
    good = [...results.values()].every(({ broken }) => broken.length === 0);
    const figures = [...results].map(([name, { figures, broken }]) => [name, { ...figures, broken: broken.length }]);
    console.log(JSON.stringify(Object.fromEntries(figures)));
  } finally {
    // Whoever interrupted us takes everything away, and ends the process.
    if (interrupted()) await new Promise(() => undefined);
    await stack?.end();
    if (good) rmSync(folder, { recursive: true, force: true });
    else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  }
  return good;
}

let code = 1;
try {
  code = (await main(process.argv.slice(3))) ? 0 : 1;
} catch (error) {
  console.error(`\n${(error as Error).message}`);
}
process.exit(code);

import { rmSync } from 'node:fs';
import { endLeftovers, keepRunFolder, openRunFolder, step } from '@ads/local';
import { Campaign } from './campaign.js';
import { compare } from './check/compare.js';
import { loudLines, restarts } from './check/health.js';
import { type Footprint, growth, readFootprint } from './check/memory.js';
import { readWitnesses } from './check/witnesses.js';
import { FuzzStack } from './fuzz-stack.js';
import { type Options, readOptions } from './options.js';
import { countOf, printFamilies, printMemory, printViolations } from './report.js';

const QUARTERS = 4;

/** `npm run fuzz`: a real stack, and thousands of requests that nobody should send. */
async function main(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  console.log(`${options.requests} requests, seed ${options.seed}`);
  await endLeftovers();
  const folder = openRunFolder('fuzz');
  const stack = new FuzzStack(folder);
  const interrupted = endOnSignals(stack, folder);
  // The gateway runs in this process: what it lets through would end `npm start`.
  const thrown: string[] = [];
  process.on('uncaughtException', (error) => thrown.push(`the gateway would have ended: ${error.stack}`));
  let good = false;
  try {
    await step('Postgres, Redis, NATS, services', () => stack.start());
    good = await run(stack, options, thrown);
  } finally {
    // Whoever interrupted us takes everything away, and ends the process.
    if (interrupted()) await new Promise(() => undefined);
    await stack.end();
    if (good) rmSync(folder, { recursive: true, force: true });
    else console.error(`Data and logs of this run: ${keepRunFolder(folder)}`);
  }
  return good;
}

async function run(stack: FuzzStack, { requests, seed }: Options, thrown: readonly string[]): Promise<boolean> {
  const campaign = new Campaign(stack, seed);
  const pids = stack.processes.map(({ pid }) => pid);
  const urls = (['gateway', 'ingest', 'analytics'] as const).map((target) => stack.urlOf(target));
  const witnesses = await readWitnesses(urls);
  const quarters: Footprint[][] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const share = Math.floor((requests + quarter) / QUARTERS);
    await step(`${share} requests`, () => campaign.play(quarter, share));
    quarters.push(await Promise.all(stack.services.map(readFootprint)));
  }
  campaign.end();
  const { stored, miscounted } = await step('compare', () =>
    compare(stack.database, stack.urlOf('gateway'), campaign.books),
  );
  const after = await readWitnesses(urls);
  const changed = witnesses
    .filter((answer, index) => answer !== after[index])
    .map((answer) => `no longer answered: ${answer.slice(0, 300)}`);
  const ended = [...restarts(pids, stack.processes), ...thrown];
  const grown = growth(quarters[0] ?? [], quarters.at(-1) ?? []);
  const loud = loudLines(
    stack.logFolder,
    stack.services.map(({ name }) => name),
  );
  const others = [...miscounted, ...changed, ...ended, ...grown, ...loud];
  printFamilies(campaign);
  printMemory(quarters);
  printViolations(campaign, others);
  const summary = {
    requests: campaign.requests,
    seed,
    families: campaign.tally.size,
    accepted: countOf(campaign, (outcome) => outcome === '202'),
    refused: countOf(campaign, (outcome) => outcome.startsWith('4')),
    closed: countOf(campaign, (outcome) => outcome === 'closed'),
    events: campaign.books.acknowledged.size,
    stored,
    '5xx': countOf(campaign, (outcome) => outcome.startsWith('5')),
    hung: countOf(campaign, (outcome) => outcome === 'hung'),
    wrong_form: campaign.violations.filter(({ what }) => what !== '5xx' && what !== 'hung').length,
    miscounted: miscounted.length,
    changed: changed.length,
    crashed: ended.length,
    grown: grown.length,
    loud: loud.length,
  };
  console.log(JSON.stringify(summary));
  return campaign.violations.length === 0 && others.length === 0;
}

/**
 * Ctrl-C, and whoever else ends us, leaves nothing behind. npm passes Ctrl-C on as well: the second one is no news.
 *
 * @returns whether that has begun
 */
function endOnSignals(stack: FuzzStack, folder: string): () => boolean {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    console.log('\nEnding everything …');
    await stack.end();
    // What was being started at that moment.
    await stack.end();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
  return () => ending;
}

let code = 1;
try {
  code = (await main(process.argv.slice(3))) ? 0 : 1;
} catch (error) {
  console.error(`\n${(error as Error).stack}`);
}
// Not left to Node: once connections were reset while they were being closed, Node 20 never ends by itself.
process.exit(code);

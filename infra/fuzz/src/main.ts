import { type OptionValues, parseOptions, wholeNumber } from '@ads/harness';
import { type StandAloneRun, standAloneRun, step, UPSTREAMS } from '@ads/local';
import { Campaign } from './campaign.js';
import { compare } from './check/compare.js';
import { readFixedAnswers } from './check/fixed-answers.js';
import { loudLines, restarts } from './check/health.js';
import { type Footprint, growth, readFootprint } from './check/memory.js';
import { FuzzStack } from './fuzz-stack.js';
import { countOf, printFamilies, printMemory, printViolations } from './report.js';

const QUARTERS = 4;

const OPTIONS = { requests: wholeNumber(1, 20_000), seed: wholeNumber(0, 1) };
type Options = OptionValues<typeof OPTIONS>;

/** `npm run fuzz`: sends thousands of hostile requests to a real stack. */
async function main({ folder, onEnd }: StandAloneRun, options: Options): Promise<boolean> {
  console.log(`${options.requests} requests, seed ${options.seed}`);
  const stack = new FuzzStack(folder);
  onEnd(() => stack.end());
  // The gateway runs in this process, as in `npm start`: an uncaught error would end it.
  const thrown: string[] = [];
  process.on('uncaughtException', (error) => thrown.push(`the gateway would have ended: ${error.stack}`));
  await step('Postgres, Redis, NATS, services', () => stack.start());
  return await run(stack, options, thrown);
}

async function run(stack: FuzzStack, { requests, seed }: Options, thrown: readonly string[]): Promise<boolean> {
  const campaign = new Campaign(stack, seed);
  const pids = stack.processes.map(({ pid }) => pid);
  const urls = (['gateway', ...UPSTREAMS] as const).map((target) => stack.urlOf(target));
  const fixedAnswers = await readFixedAnswers(urls);
  const quarters: Footprint[][] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const share = Math.floor((requests + quarter) / QUARTERS);
    await step(`${share} requests`, () => campaign.play(quarter, share));
    await step('CPU of requests', () => campaign.weigh(quarter, QUARTERS, share));
    quarters.push(await Promise.all(stack.services.map(readFootprint)));
  }
  campaign.end();
  const { stored, miscounted } = await step('compare', () =>
    compare(stack.admin.database, stack.urlOf('gateway'), campaign.journal),
  );
  const after = await readFixedAnswers(urls);
  const changed = fixedAnswers
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
    events: campaign.journal.acknowledged.size,
    stored,
    '5xx': countOf(campaign, (outcome) => outcome.startsWith('5')),
    hung: countOf(campaign, (outcome) => outcome === 'hung'),
    costly: campaign.violations.filter(({ what }) => what === 'costly').length,
    wrong_form: campaign.violations.filter(({ what }) => !['5xx', 'hung', 'costly'].includes(what)).length,
    miscounted: miscounted.length,
    changed: changed.length,
    crashed: ended.length,
    grown: grown.length,
    loud: loud.length,
  };
  console.log(JSON.stringify(summary));
  return campaign.violations.length === 0 && others.length === 0;
}

await standAloneRun('fuzz', (args) => parseOptions(args, OPTIONS), main);

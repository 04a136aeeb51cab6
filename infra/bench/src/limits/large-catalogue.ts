import { setTimeout as sleep } from 'node:timers/promises';
import { fillRollups, Load, type Page, readMetrics } from '@ads/harness';
import { addAds, migrate, openPool, printDetail, printTable, readCpuSeconds, step, waitFor } from '@ads/local';
import { summarise } from '../statistics.js';
import { askAnalytics, askForList, openSlowReaders, type Times } from './catalogue-requests.js';
import { checkPeaks, checkStored, untilSettled } from './checks.js';
import { complaints, type Limit, type LimitOptions, type LimitResult, printPage, rounded } from './limit.js';
import type { LimitsStack } from './stack.js';

const CATALOGUE_ADS = 1_000_000;

const FEW_ADS = 100;
/** The database of the second ingest, whose catalogue is small. */
const FEW = 'ads_few';
/** The number of ads that have clicks in the last few minutes. */
const BUSY_ADS = 100_000;
const CLICKS_PER_BUSY_AD = 3;
/** Every n-th ad gets clicks, which keeps the list of ids of the load small. */
const CLICKED_EVERY = 10;
const START_SECONDS = 30;
const LEAST_SPEED = 0.9;
const WINDOWS = 15;
const WINDOW_MS = 3_000;
const CLICK_CONNECTIONS = 64;
const SLOW_READERS = 13;
const CUT_OFF_MS = 60_000;
/** The number of ads to change: too many for an incremental refresh, so ingest reads all ids again. */
const CHANGED_ADS = 20_000;
const REFRESH_MS = 60_000;
/** The maximum response time on an idle machine, in milliseconds. */
const MAX_RESPONSE_MS = 5_000;
const HEAL_MS = 300_000;

/** Compares a catalogue of a million ads with one of a hundred: start-up, memory, click throughput, lists and analytics. */
async function checkCatalogue(stack: LimitsStack, { capMegabytes }: LimitOptions): Promise<LimitResult> {
  await stack.startServers();
  const { database } = stack.admin;
  await step(`add clicks to ${BUSY_ADS} ads, and ${FEW_ADS} ads to another database`, async () => {
    await fillRollups(database, stack.adIds.slice(0, BUSY_ADS), CLICKS_PER_BUSY_AD);
    await database.query('VACUUM ANALYZE ads');
    await database.query(`CREATE DATABASE ${FEW}`);
    const env = { ...stack.servers.postgres.env, POSTGRES_DB: FEW };
    await migrate(env);
    const few = openPool(env);
    await addAds(few, stack.adIds.slice(0, FEW_ADS));
    await few.end();
  });
  const broken: string[] = [];
  const startedAt = performance.now();
  await stack.startServices('ingest-1');
  const [large = 0] = stack.portsOf('ingest');
  const readySeconds = (performance.now() - startedAt) / 1_000;
  await step('load the catalogue', () => untilMetric(large, 'ad_catalogue_ads', CATALOGUE_ADS));
  const loadedSeconds = (performance.now() - startedAt) / 1_000;
  printDetail(
    `ingest was ready after ${readySeconds.toFixed(1)} s and had all ads after ${loadedSeconds.toFixed(1)} s`,
  );
  if (loadedSeconds > START_SECONDS)
    broken.push(`ingest needed ${loadedSeconds.toFixed(1)} s to load the catalogue; the limit is ${START_SECONDS} s`);

  await step('ingest-2', () => stack.startService('ingest-2', { POSTGRES_DB: FEW }));
  const few = stack.portsOf('ingest')[1] ?? 0;
  const clicked = stack.adIds.filter((_, index) => index % CLICKED_EVERY === 0);
  const accepted: string[] = [];
  const speed = await step('clicks to both ingests', () => compareSpeed(large, clicked, few, stack, accepted, broken));
  if (speed.ratio < LEAST_SPEED)
    broken.push(
      `a click with the large catalogue costs ${(1 / speed.ratio).toFixed(2)} times the CPU of one with the small catalogue`,
    );

  await stack.startServices('consumer-1', 'analytics-1');
  await step('everything settles', () => untilSettled(stack, HEAL_MS));
  const answers = await step('lists and analytics', async () => [
    await askForList(large),
    ...(await askAnalytics(stack)),
  ]);
  for (const { what, milliseconds } of answers) {
    const slowest = Math.max(...milliseconds);
    if (slowest > MAX_RESPONSE_MS) broken.push(`${what}: the slowest answer took ${slowest.toFixed(0)} ms`);
  }

  await step('full load, lists, slow readers, a full catalogue refresh', () =>
    loadWhileRefreshing(stack, large, clicked, accepted, broken),
  );
  await step('everything settles', () => untilSettled(stack, HEAL_MS));
  const lost = await checkStored(stack, accepted, broken);

  const memories = checkPeaks(stack.slots, capMegabytes, broken);
  printTable(
    ['milliseconds', 'median', 'slowest'],
    answers.map(({ what, milliseconds }) => [what, ...[median(milliseconds), Math.max(...milliseconds)].map(inWhole)]),
    [0],
  );
  const figures = {
    ...figuresOf(answers, memories),
    ads: CATALOGUE_ADS,
    ready_seconds: rounded(readySeconds),
    loaded_seconds: rounded(loadedSeconds),
    clicks_per_second: Math.round(speed.large),
    clicks_per_second_few_ads: Math.round(speed.few),
    clicks_per_second_ratio: Math.round((100 * speed.large) / speed.few) / 100,
    clicks_per_cpu_second_ratio: Math.round(100 * speed.ratio) / 100,
    lost,
  };
  return { figures, broken };
}

export const catalogue: Limit = { ads: CATALOGUE_ADS, run: checkCatalogue };

interface Speed {
  /** Clicks per second, as the median of the measured windows. */
  readonly large: number;
  readonly few: number;
  /** Clicks per CPU second of ingest, with the large catalogue divided by those with the small one. */
  readonly ratio: number;
}

/**
 * Sends clicks to both ingests at the same time. Compares the CPU time of ingest per click, window by window, because
 * other work of the machine slows both ingests alike.
 */
async function compareSpeed(
  large: number,
  clicked: readonly string[],
  few: number,
  stack: LimitsStack,
  accepted: string[],
  broken: string[],
): Promise<Speed> {
  const sides = [
    { name: 'large', port: large, adIds: clicked },
    { name: 'few', port: few, adIds: stack.adIds.slice(0, FEW_ADS) },
  ].map((side) => ({ ...side, perSecond: [] as number[], perCpuSecond: [] as number[] }));
  const [ofLarge, ofFew] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const pids = sides.map(({ port }) => stack.slots.find(({ process }) => process.port === port)?.process.pid ?? 0);
  const load = new Load(
    sides.map(({ port, adIds }) => {
      return { request: { kind: 'click', adIds }, ports: [port], traced: true, connections: CLICK_CONNECTIONS };
    }),
  );
  // The first window is the warm-up.
  for (let window = 0; window <= WINDOWS; window += 1) {
    const before = pids.map(readCpuSeconds);
    await sleep(WINDOW_MS);
    const pages = window === WINDOWS ? await load.stop() : await load.page();
    for (const [index, { name, perSecond, perCpuSecond }] of sides.entries()) {
      const page = pages[index] as Page;
      const cpu = readCpuSeconds(pids[index] as number) - (before[index] as number);
      broken.push(...complaints(`clicks with ${name} catalogue`, page, ['202']));
      for (const [id] of page.accepted) accepted.push(id);
      if (window === 0) continue;
      perSecond.push(page.accepted.length / page.seconds);
      perCpuSecond.push(page.accepted.length / cpu);
    }
  }
  for (const { name, perSecond, perCpuSecond } of sides) {
    printDetail(`${name}: ${perSecond.map(inWhole).join(' ')} clicks/s`);
    printDetail(`${name}: ${perCpuSecond.map(inWhole).join(' ')} clicks per CPU second`);
  }
  return {
    large: median(ofLarge.perSecond),
    few: median(ofFew.perSecond),
    ratio: median(ofLarge.perCpuSecond.map((clicks, window) => clicks / (ofFew.perCpuSecond[window] as number))),
  };
}

/** Runs everything that needs much memory in ingest and analytics at the same time. */
async function loadWhileRefreshing(
  stack: LimitsStack,
  port: number,
  clicked: readonly string[],
  accepted: string[],
  broken: string[],
): Promise<void> {
  const readers = openSlowReaders(port, SLOW_READERS);
  const load = new Load([
    { request: { kind: 'click', adIds: clicked }, ports: [port], traced: true, connections: CLICK_CONNECTIONS },
    { request: { kind: 'unknown ad', adIds: clicked }, ports: [port], traced: true, connections: 20 },
  ]);
  const reads = await readMetric(port, READS);
  const changed = clicked.slice(0, CHANGED_ADS);
  await stack.admin.database.query('UPDATE ads SET image_url = image_url WHERE id = ANY($1)', [changed]);
  const pages = CATALOGUE_ADS / 10_000;
  await Promise.all([
    untilMetric(port, READS, reads + pages, REFRESH_MS),
    untilMetric(port, 'http_answers_cut_off_total', SLOW_READERS, CUT_OFF_MS),
    askForList(port),
    askAnalytics(stack),
  ]).catch((error: Error) => broken.push(error.message));
  const [clicks, unknown] = (await load.stop()) as [Page, Page];
  for (const socket of readers) socket.destroy();
  printPage('clicks', clicks);
  printPage('unknown ads', unknown);
  broken.push(...complaints('clicks', clicks, ['202']), ...complaints('unknown ads', unknown, ['400', '503']));
  for (const [id] of clicks.accepted) accepted.push(id);
}

/** Counts the pages of ids that the catalogue has read. */
const READS = 'database_operations_total{operation="read_ad_ids",status="ok"';

async function readMetric(port: number, beginning: string): Promise<number> {
  return (await readMetrics(port))(beginning) ?? 0;
}

async function untilMetric(port: number, beginning: string, minimum: number, timeoutMs = 120_000): Promise<void> {
  const what = `${beginning} to be ${minimum}`;
  await waitFor(async () => (await readMetric(port, beginning)) >= minimum, { what, timeoutMs, intervalMs: 100 });
}

function figuresOf(answers: readonly Times[], memories: readonly (readonly [string, number])[]) {
  const slowest = (begin: string) =>
    rounded(
      Math.max(...answers.filter(({ what }) => what.startsWith(begin)).flatMap(({ milliseconds }) => milliseconds)),
    );
  const most = (service: string) =>
    rounded(Math.max(...memories.filter(([name]) => name.startsWith(service)).map(([, megabytes]) => megabytes)));
  return {
    list_slowest_ms: slowest('a page'),
    one_ad_slowest_ms: slowest('analytics'),
    busiest_slowest_ms: slowest('busiest'),
    ingest_most_mb: most('ingest'),
    analytics_most_mb: most('analytics'),
  };
}

const median = (values: readonly number[]): number => summarise(values).median;
const inWhole = (value: number): string => value.toFixed(0);

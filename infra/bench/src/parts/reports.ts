import { readFileSync } from 'node:fs';
import { createHistogram, performance } from 'node:perf_hooks';
import { adIdsOf } from '@ads/harness';
import { type LocalProcess, printDetail, printTable, readMemory, step, waitFor } from '@ads/local';
import type { Budget } from '../budget.js';
import { runAt, whereIs } from '../cores.js';
import { runLoad, warmUp } from '../load/run-load.js';
import type { Part, PartFigures } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, rounded, Times } from '../statistics.js';

const FILL = readFileSync(new URL('../../sql/fill-quarter-hours.sql', import.meta.url), 'utf8');

const REPORT = '/api/v1/ads/analytics/report';
const DAYS = 90;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const QUARTER_HOUR_MS = 900_000;
const ADS_PER_CAMPAIGN = 20;
/** Ads with a thousandth of the events. They are in no campaign. */
const RARE_ADS = 10;
/** Reports of one ad are asked one after another, by one client. */
const CONNECTIONS = 1;
/** A report that takes longer is refused with 503. It is twelve times the default, to measure reports that miss the goal. */
const TIMEOUT_MS = 60_000;
const WARM_REPORTS = 200;
/** The consumer builds a day some hours after its end. */
const BUILT_AFTER_MS = 4 * HOUR_MS;
const BUILD_TIMEOUT_MS = 300_000;
/** A statement that fills so many takes some seconds. */
const QUARTERS_AT_ONCE = 960;
/** Hours after the days, whose quarter-hours the last report reads. */
const HOURS_OF_TODAY = 12;

/** The reports, and what they read. */
const WHAT = {
  one: 'one ad, by day',
  rare: 'one ad with a thousandth of the events, by day',
  campaigns: 'all ads, by day and campaign',
  today: `the same and ${HOURS_OF_TODAY} hours of today`,
} as const;

export const reports: Part = {
  title: 'reports of 90 days, and a large report as CSV',
  ads: 1,
  async run(stack, { reports: budget }) {
    runAt('others');
    await stack.startServers();
    printDetail(`analytics: ${whereIs('measured')}; one client and Postgres: ${whereIs('others')}`);
    const until = Math.floor((Date.now() - BUILT_AFTER_MS) / DAY_MS) * DAY_MS;
    const ads = await fill(stack, budget.ads, until);
    const analytics = await stack.startServiceAt('measured', 'analytics', { POSTGRES_TIMEOUT_MS: String(TIMEOUT_MS) });
    // CSV is first, because the peak of memory is that of all requests until then.
    const csv = await measureCsv(analytics, budget, until);
    await buildDays(stack, analytics, ads, until);
    return { ...csv, ...(await measureTimes(analytics, budget, ads, until)) };
  },
};

interface Ads {
  readonly busy: readonly string[];
  readonly rare: readonly string[];
}

/**
 * Fills the quarter-hours of the days before a time, and of the hours after it. No events are stored, because reports read rollups
 * only.
 */
async function fill(stack: BenchStack, count: number, until: number): Promise<Ads> {
  const { database } = stack.admin;
  const adIds = adIdsOf(count + RARE_ADS);
  const [busy, rare] = [adIds.slice(0, count), adIds.slice(count)];
  await stack.fillCatalogue(adIds);
  await database.query(
    `UPDATE ads SET campaign = 'campaign ' || (place - 1) / ${ADS_PER_CAMPAIGN}
     FROM unnest($1::text[]) WITH ORDINALITY AS busy (ad_id, place) WHERE id = ad_id`,
    [busy],
  );
  const end = until / QUARTER_HOUR_MS;
  await step(`${count} ads × ${DAYS} days of quarter-hours`, async () => {
    const after = end + (HOURS_OF_TODAY * HOUR_MS) / QUARTER_HOUR_MS;
    for (let first = end - (DAYS * DAY_MS) / QUARTER_HOUR_MS; first < after; first += QUARTERS_AT_ONCE) {
      await database.query(FILL, [busy, rare, first, Math.min(first + QUARTERS_AT_ONCE, after)]);
    }
    for (const table of ['counts_per_quarter_hour', 'ads']) await database.query(`VACUUM ANALYZE ${table}`);
    await database.query('CHECKPOINT');
  });
  return { busy, rare };
}

/** Asks for a report by day, and runs a consumer until it has built the counts per day. */
async function buildDays(stack: BenchStack, { port }: LocalProcess, { rare }: Ads, until: number): Promise<void> {
  const { database } = stack.admin;
  const has = async (condition: string) =>
    ((await database.query(`SELECT FROM day_offsets WHERE ${condition}`)).rowCount ?? 0) > 0;
  await (await fetch(`http://127.0.0.1:${port}${pathOf(until)}&ad_id=${rare[0]}`)).arrayBuffer();
  await waitFor(() => has('true'), { what: 'analytics to ask for counts per day', timeoutMs: TIMEOUT_MS });
  const consumer = await stack.startServiceAt('others', 'consumer');
  const first = (until - DAYS * DAY_MS) / QUARTER_HOUR_MS;
  await step('counts per day', () =>
    waitFor(() => has(`built_from <= ${first}`), { what: 'the days to be built', timeoutMs: BUILD_TIMEOUT_MS }),
  );
  await consumer.stop();
  await database.query('VACUUM ANALYZE counts_per_day');
}

/** A report of the days before a time, and of the hours after it. */
function pathOf(until: number, hours = 0): string {
  const to = new Date(until + hours * HOUR_MS).toISOString();
  return `${REPORT}?from=${dateOf(until - DAYS * DAY_MS)}&to=${to}&interval=day`;
}

/** Response times of reports by day. The reports of one ad are measured in turns. */
async function measureTimes(
  { port }: LocalProcess,
  { rounds, warmSeconds, seconds }: Budget['reports'],
  { busy, rare }: Ads,
  until: number,
): Promise<PartFigures> {
  const cases = Object.entries({ one: busy, rare }).map(([name, adIds]) => ({
    name,
    port,
    connections: CONNECTIONS,
    request: { kind: 'get', paths: adIds.map((adId) => `${pathOf(until)}&ad_id=${adId}`) } as const,
    status: 200,
  }));
  const times = new Times();
  for (const { name: _, ...load } of cases) await warmUp(load, WARM_REPORTS);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, ...load } of cases) times.add(name, await runLoad({ ...load, warmSeconds, seconds }));
    times.add('campaigns', await timeReports(port, `${pathOf(until)}&group_by=campaign`, seconds));
    times.add('today', await timeReports(port, `${pathOf(until, HOURS_OF_TODAY)}&group_by=campaign`, seconds));
  }
  printTable(
    ['report of 90 days', 'p50 ms', 'spread', 'p99 ms', 'spread'],
    Object.entries(WHAT).map(([name, what]) => [what, ...times.cells(name)]),
    [0],
  );
  return times.medians();
}

/** Asks for a report one after another, at least once. A refused report counts as one that took the longest allowed time. */
async function timeReports(port: number, path: string, seconds: number): Promise<{ p50: number; p99: number }> {
  const times = createHistogram();
  const until = performance.now() + 1_000 * seconds;
  do {
    const since = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    await answer.arrayBuffer();
    if (!answer.ok) printDetail(`⚠ analytics returned ${answer.status} for ${path}`);
    times.record(Math.round(1_000 * (answer.ok ? performance.now() - since : TIMEOUT_MS)));
  } while (performance.now() < until);
  return { p50: times.percentile(50) / 1_000, p99: times.percentile(99) / 1_000 };
}

/** Reads a large report as CSV. Memory is flat if it peaks as high with a tenth of the rows. */
async function measureCsv(
  { port, pid }: LocalProcess,
  { rounds, ads, csvRows }: Budget['reports'],
  until: number,
): Promise<PartFigures> {
  const read = async (rows: number) => {
    const from = new Date(until - Math.ceil(rows / ads) * QUARTER_HOUR_MS).toISOString();
    const range = `from=${from}&to=${dateOf(until)}&interval=quarter_hour`;
    return await readCsv(`http://127.0.0.1:${port}${REPORT}?${range}&group_by=ad&format=csv`);
  };
  const rates = new Figures();
  await read(csvRows / 10);
  const small = readMemory(pid).most;
  for (let round = 0; round < rounds; round += 1) {
    const { rows, seconds } = await read(csvRows);
    if (rows < csvRows) throw new Error(`the CSV has ${rows} rows instead of ${csvRows}`);
    rates.add('csv', rows / seconds);
  }
  const large = readMemory(pid).most;
  printTable(
    ['report as CSV', 'rows/s', 'spread', 'peak MB', 'peak MB with a tenth of the rows'],
    [[`${csvRows} rows`, ...rates.cells('csv'), inFigures(large), inFigures(small)]],
    [0],
  );
  return { ...rates.medians('_rows_per_second'), csv_peak_mb: rounded(large), csv_tenth_peak_mb: rounded(small) };
}

const LINE_FEED = 10;

/** Counts the rows without the header. No value of this report has a line feed. */
async function readCsv(url: string): Promise<{ rows: number; seconds: number }> {
  const since = performance.now();
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) throw new Error(`analytics returned ${answer.status} for ${url}`);
  let rows = -1;
  for await (const chunk of answer.body) {
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) rows += 1;
  }
  return { rows, seconds: (performance.now() - since) / 1_000 };
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

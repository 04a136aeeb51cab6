import { setTimeout as sleep } from 'node:timers/promises';
import { askAnalytics, differences, fillRollups, type Page, readLedger } from '@ads/harness';
import { printDetail, step } from '@ads/local';
import { minutesKey, oldestVisible, secondsKey, unpackBuckets } from '@ads/models';
import { checkPeaks, checkStored, untilCounted, untilSettled } from './checks.js';
import { complaints, type Limit, type LimitOptions, type LimitResult, printPage, rounded } from './limit.js';
import type { LimitsStack } from './stack.js';

const REBUILD_ADS = 10_000;

/** Three clicks in each of the 1,440 minutes of a day. */
const CLICKS_PER_AD = 3 * 1_440;
const LIVE_CLICKS = 300;
const LIVE_QUESTIONS = 50;
const REBUILT_MS = 600_000;
const HEAL_MS = 120_000;
/** The number of ads whose counters are compared bucket by bucket. */
const SAMPLE = 200;

/** Redis loses the counters of 10,000 ads with clicks in every minute of 24 hours, during live traffic. */
async function checkRebuild(stack: LimitsStack, { capMegabytes }: LimitOptions): Promise<LimitResult> {
  await stack.startServers();
  const { database, redis } = stack.admin;
  const buckets = await step(`rollups of ${REBUILD_ADS} ads × 24 h`, () =>
    fillRollups(database, stack.adIds, CLICKS_PER_AD),
  );
  const { rows } = await database.query('SELECT pg_database_size(current_database())::bigint AS bytes');
  const databaseMegabytes = Number(rows[0]?.bytes) / 1e6;
  await stack.startServices('ingest-1', 'ingest-2', 'consumer-1', 'consumer-2', 'analytics-1');
  await step('first rebuild, without traffic', () => untilCounted(stack, REBUILT_MS));
  const redisMegabytes = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]) / 1e6;
  printDetail(`${buckets} buckets; Postgres ${databaseMegabytes.toFixed(0)} MB, Redis ${redisMegabytes.toFixed(0)} MB`);

  const load = stack.startLiveTraffic(LIVE_CLICKS, LIVE_QUESTIONS);
  const pages: Page[][] = [];
  const turn = async (label: string, ask: () => Promise<Page[]>) => {
    const [clicks, questions] = (await ask()) as [Page, Page];
    pages.push([clicks, questions]);
    printPage(`${label}, clicks`, clicks);
    printPage(`${label}, questions`, questions);
    return { clicks, questions };
  };
  await step('10 s of live traffic', () => sleep(10_000));
  await turn('before', () => load.page());
  await redis.flushall('ASYNC');
  const since = performance.now();
  await step('rebuild during live traffic', () => untilCounted(stack, REBUILT_MS));
  const seconds = (performance.now() - since) / 1_000;
  const during = await turn('during', () => load.page());
  await step('10 s of live traffic', () => sleep(10_000));
  await turn('after', () => load.stop());
  await step('everything settles', () => untilSettled(stack, HEAL_MS));

  const broken = pages.flatMap(([clicks, questions]) => [
    ...complaints('clicks', clicks as Page, ['202']),
    ...complaints('analytics requests', questions as Page, ['redis', 'postgres']),
  ]);
  const accepted = pages.flatMap(([clicks]) => clicks?.accepted ?? []);
  const acceptedIds = accepted.map(([id]) => id);
  const lost = await checkStored(stack, acceptedIds, broken);
  const sample = stack.adIds.filter((_, index) => index % (REBUILD_ADS / SAMPLE) === 0);
  const wrong = await step(`${SAMPLE} ads are exact`, async () => [
    ...(await compareTotals(stack, sample, accepted)),
    ...(await compareBuckets(stack, sample)),
  ]);
  broken.push(...wrong.slice(0, 10));
  const memories = checkPeaks(stack.slots, capMegabytes, broken);
  return {
    figures: {
      ads: REBUILD_ADS,
      buckets,
      seconds: rounded(seconds),
      buckets_per_second: Math.round(buckets / seconds),
      postgres_mb: rounded(databaseMegabytes),
      redis_mb: rounded(redisMegabytes),
      click_p50_ms: rounded(during.clicks.p50),
      click_p99_ms: rounded(during.clicks.p99),
      question_p50_ms: rounded(during.questions.p50),
      question_p99_ms: rounded(during.questions.p99),
      accepted: accepted.length,
      most_mb: rounded(Math.max(...memories.map(([, most]) => most))),
      lost,
      wrong: wrong.length,
    },
    broken,
  };
}

export const rebuild: Limit = { ads: REBUILD_ADS, run: checkRebuild };

/** Compares the totals of analytics with the filled rollups and the accepted clicks. */
async function compareTotals(
  stack: LimitsStack,
  sample: readonly string[],
  accepted: readonly (readonly [id: string, adId: string])[],
): Promise<string[]> {
  const wanted = new Map(sample.map((adId) => [adId, CLICKS_PER_AD]));
  for (const [, adId] of accepted) if (wanted.has(adId)) wanted.set(adId, (wanted.get(adId) ?? 0) + 1);
  const found = new Map<string, number>();
  for (const adId of sample) found.set(adId, (await askAnalytics(stack.analyticsUrl, adId)).total_clicks);
  return differences('total', wanted, found, 0);
}

/** Compares Redis with Postgres, bucket by bucket, for all buckets within a window. */
async function compareBuckets(stack: LimitsStack, sample: readonly string[]): Promise<string[]> {
  const { database, redis } = stack.admin;
  const oldest = oldestVisible(Date.now());
  const ledger = await readLedger(database);
  const wanted = new Map<string, number>();
  const add = async (keyOf: typeof secondsKey, text: string, first: number) => {
    const query = { text, rowMode: 'array' as const, values: [sample, first] };
    for (const [adId, bucket, clicks] of (await database.query<[string, string, string]>(query)).rows) {
      wanted.set(`${keyOf(ledger, adId, 'clicks', Number(bucket))} ${bucket}`, Number(clicks));
    }
  };
  await add(secondsKey, 'SELECT * FROM counts_per_second WHERE ad_id = ANY($1) AND second >= $2', oldest.second);
  await add(minutesKey, 'SELECT * FROM counts_per_minute WHERE ad_id = ANY($1) AND minute >= $2', oldest.minute);
  const found = new Map<string, number>();
  for (const key of new Set([...wanted.keys()].map((bucket) => bucket.split(' ')[0] ?? ''))) {
    for (const [bucket, clicks] of unpackBuckets(await redis.hgetallBuffer(key))) {
      if (wanted.has(`${key} ${bucket}`)) found.set(`${key} ${bucket}`, clicks);
    }
  }
  return differences('counter', wanted, found, 0);
}

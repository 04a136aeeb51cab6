import { askAnalytics, clicksUntilNow, fillQueue, type Page } from '@ads/harness';
import { printDetail, step, waitFor } from '@ads/local';
import { checkPeaks, checkRollups, checkStored, readStream, untilSettled } from './checks.js';
import { complaints, type Limit, type LimitOptions, type LimitResult, printPage, rounded } from './limit.js';
import type { LimitsStack } from './stack.js';

const HOUR_SECONDS = 3_600;
/** Clicks per message at a few hundred clicks a second; small messages are the worst case for the consumer. */
const EVENTS_PER_MESSAGE = 2;
const LIVE_CLICKS = 100;
const LIVE_QUESTIONS = 20;
const PROGRESS_MS = 10_000;
const HEAL_MS = 120_000;

/** Two consumers record an hour of queued clicks while live clicks arrive. */
async function checkDrain(stack: LimitsStack, { perSecond, capMegabytes }: LimitOptions): Promise<LimitResult> {
  await stack.startServers();
  await stack.startServices('ingest-1', 'ingest-2', 'analytics-1');
  const count = HOUR_SECONDS * perSecond;
  const byAd = await step(`${count} clicks into JetStream`, () => putClicks(stack, count));
  const { last, bytes, messages } = await readStream(stack);
  printDetail(`an hour at ${perSecond}/s, ${messages} messages, ${(bytes / 1e6).toFixed(0)} MB`);

  const load = stack.startLiveTraffic(LIVE_CLICKS, LIVE_QUESTIONS);
  const since = performance.now();
  await stack.startServices('consumer-1', 'consumer-2');
  await step('the backlog drains', () => untilAcknowledged(stack, last, messages));
  const seconds = (performance.now() - since) / 1_000;
  const [clicks, questions] = (await load.stop()) as [Page, Page];
  printDetail(`${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} events/s`);
  printPage('clicks meanwhile', clicks);
  printPage('analytics requests meanwhile', questions);
  const broken = [
    ...complaints('clicks meanwhile', clicks, ['202']),
    ...complaints('analytics requests meanwhile', questions, ['redis', 'postgres']),
  ];
  await step('everything settles', () => untilSettled(stack, HEAL_MS));

  for (const [, adId] of clicks.accepted) byAd.set(adId, (byAd.get(adId) ?? 0) + 1);
  const wanted = count + clicks.accepted.length;
  const { rows } = await stack.admin.database.query('SELECT count(*)::integer AS stored FROM ad_events');
  const stored: number = rows[0]?.stored ?? 0;
  const accepted = clicks.accepted.map(([id]) => id);
  const lost = await checkStored(stack, accepted, broken);
  const wrongBuckets = await checkRollups(stack, broken);
  const miscounted = await step('analytics counts are exact for each ad', () => countWrongAnswers(stack, byAd));
  if (stored !== wanted) broken.push(`${stored} clicks are stored, but ${wanted} were sent`);
  if (miscounted > 0) broken.push(`analytics returned wrong counts for ${miscounted} ads`);
  if (seconds > HOUR_SECONDS) broken.push('draining took longer than filling');

  const memories = checkPeaks(stack.slots, capMegabytes, broken);
  return {
    figures: {
      clicks: count,
      messages,
      seconds: rounded(seconds),
      events_per_second: Math.round(count / seconds),
      stored,
      accepted_meanwhile: clicks.accepted.length,
      accept_p50_ms: rounded(clicks.p50),
      accept_p99_ms: rounded(clicks.p99),
      most_mb: rounded(Math.max(...memories.map(([, most]) => most))),
      lost: lost + Math.max(0, wanted - stored),
      duplicated: Math.max(0, stored - wanted),
      wrong_buckets: wrongBuckets,
      wrong_answers: miscounted,
    },
    broken,
  };
}

export const drain: Limit = { ads: 1_000, run: checkDrain };

/** Queues the clicks that ingest accepts in an hour, while no consumer runs. @returns the number of clicks by ad */
async function putClicks(stack: LimitsStack, count: number): Promise<Map<string, number>> {
  const byAd = new Map<string, number>();
  function* counted() {
    for (const click of clicksUntilNow(stack.adIds, count, 1_000 * HOUR_SECONDS)) {
      byAd.set(click.adId, (byAd.get(click.adId) ?? 0) + 1);
      yield click;
    }
  }
  await fillQueue(stack.admin.nats, counted(), EVENTS_PER_MESSAGE);
  return byAd;
}

/** Waits until every message up to `last` is acknowledged, which removes it from the work queue. */
async function untilAcknowledged(stack: LimitsStack, last: number, messages: number): Promise<void> {
  let reported = performance.now();
  const isAcknowledged = async () => {
    const { first } = await readStream(stack);
    if (performance.now() > reported + PROGRESS_MS) {
      reported = performance.now();
      printDetail(`${last - first + 1} of ${messages} messages remain`);
    }
    return first > last;
  };
  await waitFor(isAcknowledged, { what: 'the backlog to drain', timeoutMs: 1_000 * HOUR_SECONDS, intervalMs: 100 });
}

/** Counts the ads whose total is wrong. All clicks are younger than 24 hours, so the 24-hour count must equal the total. */
async function countWrongAnswers(stack: LimitsStack, byAd: ReadonlyMap<string, number>): Promise<number> {
  let wrong = 0;
  for (const [adId, clicks] of byAd) {
    const { source, total_clicks: total, time_frames: windows } = await askAnalytics(stack.analyticsUrl, adId);
    if (source !== 'redis' || total !== clicks || windows.last_24_hours !== clicks) wrong += 1;
  }
  return wrong;
}

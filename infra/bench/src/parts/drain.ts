import { setTimeout as sleep } from 'node:timers/promises';
import { clicksUntilNow, fillQueue } from '@ads/harness';
import { printDetail, printTable, waitFor } from '@ads/local';
import type { AdEvent } from '@ads/models';
import { copyRows, insertRows } from '../bare-rows.js';
import { whereIs } from '../cores.js';
import type { Part } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, rounded, spreadOf } from '../statistics.js';
import { countClicks, emptyAll, makeEventStream, readQueue } from '../tracker.js';

const ADS = [1, 100, 10_000] as const;
/** The number of clicks in a message under full load. */
const CLICKS_PER_MESSAGE = 50;
/** The clicks per second at which the clicks were queued. */
const CLICKS_PER_SECOND = 5_000;
/** Share of each case that is warm-up and not measured. */
const WARM_SHARE = 0.2;
/** The measurement ends at this share of the clicks, so that it begins and ends within batches. */
const COUNTED_TO = 0.9;
const LOOK_MS = 10;
const COUNTED_MS = 10_000;
const DRAINED_MS = 120_000;
/** A timeout that is longer than it takes to fill the queue. */
const PATIENT = { POSTGRES_TIMEOUT_MS: '60000' };

const WHAT = {
  one: 'one consumer, Postgres and Redis',
  two: 'two consumers',
  unnest: 'bare INSERT … unnest, rows only',
  copy: 'bare COPY, rows only',
} as const;

type Way = keyof typeof WHAT;

export const drain: Part = {
  title: 'clicks a second from JetStream through Postgres to Redis',
  ads: Math.max(...ADS),
  async run(stack, { drain: { rounds, clicks } }) {
    await stack.startServers();
    await makeEventStream(stack);
    printDetail(`${clicks} clicks, ${CLICKS_PER_MESSAGE} per message; all processes run ${whereIs('anywhere')}`);
    printDetail(`the first ${100 * WARM_SHARE} % are warm-up, except for COPY, which is one transaction`);
    const ways: Record<Way, (adIds: readonly string[], events: readonly AdEvent[]) => Promise<number>> = {
      unnest: (_adIds, events) => insert(stack, events),
      copy: (_adIds, events) => copy(stack, events),
      one: (adIds, events) => drainBy(stack, 1, adIds, events),
      two: (adIds, events) => drainBy(stack, 2, adIds, events),
    };
    const rates = new Figures();
    for (let round = 0; round < rounds; round += 1) {
      for (const ads of ADS) {
        const adIds = stack.adIds.slice(0, ads);
        const events = [...clicksUntilNow(adIds, clicks, (1_000 * clicks) / CLICKS_PER_SECOND)];
        for (const way of Object.keys(ways) as Way[]) {
          await emptyAll(stack);
          rates.add(`${way}_${ads}`, await ways[way](adIds, events));
        }
      }
    }
    const table = (Object.keys(WHAT) as Way[]).flatMap((way) =>
      ADS.map((ads) => {
        const rate = rates.of(`${way}_${ads}`);
        const ofUnnest = rate.median / rates.of(`unnest_${ads}`).median;
        return [WHAT[way], String(ads), inFigures(rate.median), spreadOf(rate), inFigures(ofUnnest)];
      }),
    );
    printTable(['way', 'ads', 'clicks/s', 'spread', '÷ unnest'], table, [0]);
    const gains = ADS.map((ads) => [ads, rates.of(`two_${ads}`).median / rates.of(`one_${ads}`).median] as const);
    printDetail(`two consumers ÷ one: ${gains.map(([ads, gain]) => `${inFigures(gain)} (${ads} ads)`).join(', ')}`);
    return {
      ...rates.medians('_per_second'),
      ...Object.fromEntries(gains.map(([ads, gain]) => [`second_consumer_gain_${ads}`, rounded(gain)])),
    };
  },
};

async function insert(stack: BenchStack, events: readonly AdEvent[]): Promise<number> {
  const warm = WARM_SHARE * events.length;
  let begin: Progress | undefined;
  await insertRows(stack.admin.database, events, (rows) => {
    if (rows >= warm) begin ??= { at: performance.now(), rows };
  });
  return rateSince(begin, events.length);
}

async function copy(stack: BenchStack, events: readonly AdEvent[]): Promise<number> {
  const at = performance.now();
  await copyRows(stack.admin.database, events);
  return rateSince({ at, rows: 0 }, events.length);
}

/**
 * The consumers wait for Postgres while the queue is filled, so that all start at the same time. A message is acknowledged
 * after Redis has its counts.
 */
async function drainBy(
  stack: BenchStack,
  consumers: number,
  adIds: readonly string[],
  events: readonly AdEvent[],
): Promise<number> {
  const running = await Promise.all(
    Array.from({ length: consumers }, (_, index) => stack.startServiceAt('anywhere', `consumer-${index + 1}`, PATIENT)),
  );
  await whileNobodyRecords(stack, () => fillQueue(stack.admin.nats, events, CLICKS_PER_MESSAGE));
  const rate = await watchDrain(stack, events.length);
  await waitFor(
    async () => {
      const { rows, counted } = await countClicks(stack, adIds);
      return rows === events.length && counted === events.length;
    },
    { what: `${events.length} clicks in Postgres and in Redis`, timeoutMs: COUNTED_MS },
  );
  await Promise.all(running.map((consumer) => consumer.kill()));
  return rate;
}

async function whileNobodyRecords(stack: BenchStack, work: () => Promise<void>): Promise<void> {
  const client = await stack.admin.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE ad_events IN EXCLUSIVE MODE');
    await work();
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

async function watchDrain(stack: BenchStack, clicks: number): Promise<number> {
  let begin: Progress | undefined;
  let rate: number | undefined;
  for (const deadline = performance.now() + DRAINED_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const { messages } = await readQueue(stack);
    const rows = clicks - messages * CLICKS_PER_MESSAGE;
    if (rows >= COUNTED_TO * clicks) rate ??= rateSince(begin, rows);
    if (messages === 0 && rate !== undefined) return rate;
    if (rows >= WARM_SHARE * clicks) begin ??= { at: performance.now(), rows };
  }
  throw new Error(`The queue was not empty after ${DRAINED_MS / 1_000} s`);
}

interface Progress {
  readonly at: number;
  readonly rows: number;
}

function rateSince(begin: Progress | undefined, rows: number): number {
  if (begin === undefined) throw new Error('The queue was empty before the first measurement: queue more clicks');
  return (1_000 * (rows - begin.rows)) / (performance.now() - begin.at);
}

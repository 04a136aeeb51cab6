import { setTimeout as sleep } from 'node:timers/promises';
import { clicksUntilNow, fillQueue, viewersUntilNow, viewsUntilNow } from '@ads/harness';
import { printDetail, printTable, waitFor } from '@ads/local';
import type { AdEvent } from '@ads/models';
import { copyRows, insertRows } from '../bare-rows.js';
import { whereIs } from '../cores.js';
import { inRounds } from '../load/run-load.js';
import type { Part } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, rounded } from '../statistics.js';
import { countClicks, emptyAll, makeEventStream, readQueue } from '../tracker.js';

/** The cases: clicks, or all events of views of a video with three labels, of a number of ads. */
const CASES = [
  { name: '1', what: 'clicks of 1 ad', ads: 1, events: clicksUntilNow },
  { name: '100', what: 'clicks of 100 ads', ads: 100, events: clicksUntilNow },
  { name: '10000', what: 'clicks of 10,000 ads', ads: 10_000, events: clicksUntilNow },
  { name: 'views_100', what: 'views of 100 ads', ads: 100, events: viewsUntilNow },
] as const;
/** The same events with and without the gate: a quarter of them are clicks of known viewers. */
const GATES = [
  { name: 'gate_off', what: 'a quarter clicks of known viewers, IVT=off', IVT: 'off' },
  { name: 'gate_on', what: 'the same with the gate', IVT: 'on' },
] as const;
const GATED_ADS = 100;
/** The number of events in a message under full load. */
const EVENTS_PER_MESSAGE = 50;
/** The events per second at which the events were queued. */
const EVENTS_PER_SECOND = 5_000;
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
  title: 'events a second from JetStream through Postgres to Redis',
  ads: Math.max(...CASES.map(({ ads }) => ads)),
  async run(stack, { drain: { rounds, clicks } }) {
    await stack.startServers();
    await makeEventStream(stack);
    printDetail(`${clicks} events, ${EVENTS_PER_MESSAGE} per message; all processes run ${whereIs('anywhere')}`);
    printDetail(`the first ${100 * WARM_SHARE} % are warm-up, except for COPY, which is one transaction`);
    const ways: Record<Way, (adIds: readonly string[], events: readonly AdEvent[]) => Promise<number>> = {
      unnest: (_adIds, events) => insert(stack, events),
      copy: (_adIds, events) => copy(stack, events),
      one: (adIds, events) => drainBy(stack, 1, adIds, events),
      two: (adIds, events) => drainBy(stack, 2, adIds, events),
    };
    const rates = new Figures();
    for (const { name, ads, events: generate } of inRounds(CASES, rounds)) {
      const adIds = stack.adIds.slice(0, ads);
      const events = [...generate(adIds, clicks, (1_000 * clicks) / EVENTS_PER_SECOND)];
      for (const way of Object.keys(ways) as Way[]) {
        await emptyAll(stack);
        rates.add(`${way}_${name}`, await ways[way](adIds, events));
      }
    }
    await measureGate(stack, rounds, clicks, rates);
    const table = (Object.keys(WHAT) as Way[]).flatMap((way) =>
      CASES.map(({ name, what }) => {
        const ofUnnest = rates.of(`${way}_${name}`).median / rates.of(`unnest_${name}`).median;
        return [WHAT[way], what, ...rates.cells(`${way}_${name}`), inFigures(ofUnnest)];
      }),
    );
    printTable(['way', 'events', 'events/s', 'spread', '÷ unnest'], table, [0, 1]);
    const gains = CASES.map(
      ({ name, what }) => [name, what, rates.of(`two_${name}`).median / rates.of(`one_${name}`).median] as const,
    );
    printDetail(`two consumers ÷ one: ${gains.map(([, what, gain]) => `${inFigures(gain)} (${what})`).join(', ')}`);
    return {
      ...rates.medians('_per_second'),
      ...Object.fromEntries(gains.map(([name, , gain]) => [`second_consumer_gain_${name}`, rounded(gain)])),
    };
  },
};

/** One consumer, with and without the gate in turns. */
async function measureGate(stack: BenchStack, rounds: number, count: number, rates: Figures): Promise<void> {
  const adIds = stack.adIds.slice(0, GATED_ADS);
  for (const { name, IVT } of inRounds(GATES, rounds)) {
    const events = [...viewersUntilNow(adIds, count, (1_000 * count) / EVENTS_PER_SECOND)];
    await emptyAll(stack);
    rates.add(name, await drainBy(stack, 1, adIds, events, { IVT }));
  }
  printTable(
    ['one consumer', 'events/s', 'spread'],
    GATES.map(({ name, what }) => [what, ...rates.cells(name)]),
    [0],
  );
}

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
  env: { readonly IVT?: 'off' | 'on' } = {},
): Promise<number> {
  const clicked = events.filter(({ kind }) => kind === 'click');
  // The first click of a viewer is valid; the others are double clicks.
  const clicks = env.IVT === 'on' ? new Set(clicked.map(({ viewer }) => viewer)).size : clicked.length;
  const running = await Promise.all(
    Array.from({ length: consumers }, (_, index) =>
      stack.startServiceAt('anywhere', `consumer-${index + 1}`, { ...PATIENT, ...env }),
    ),
  );
  await whileNobodyRecords(stack, () => fillQueue(stack.admin.nats, events, EVENTS_PER_MESSAGE));
  const rate = await watchDrain(stack, events.length);
  await waitFor(
    async () => {
      const { rows, counted } = await countClicks(stack, adIds);
      return rows === events.length && counted === clicks;
    },
    { what: `${events.length} events in Postgres and in Redis`, timeoutMs: COUNTED_MS },
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

async function watchDrain(stack: BenchStack, events: number): Promise<number> {
  let begin: Progress | undefined;
  let rate: number | undefined;
  for (const deadline = performance.now() + DRAINED_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const { messages } = await readQueue(stack);
    const rows = events - messages * EVENTS_PER_MESSAGE;
    if (rows >= COUNTED_TO * events) rate ??= rateSince(begin, rows);
    if (messages === 0 && rate !== undefined) return rate;
    if (rows >= WARM_SHARE * events) begin ??= { at: performance.now(), rows };
  }
  throw new Error(`The queue was not empty after ${DRAINED_MS / 1_000} s`);
}

interface Progress {
  readonly at: number;
  readonly rows: number;
}

function rateSince(begin: Progress | undefined, rows: number): number {
  if (begin === undefined) throw new Error('The queue was empty before the first measurement: queue more events');
  return (1_000 * (rows - begin.rows)) / (performance.now() - begin.at);
}

import { printDetail, printTable } from '@ads/local';
import { runAt, whereIs } from '../cores.js';
import { inRounds, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures } from '../statistics.js';
import { emptyStreams, runOnIngest } from '../tracker.js';

/** Clicks per request. */
const SIZES = [1, 10, 100] as const;
/** Enough for Node to compile the code of each size. */
const WARM_CLICKS = 100_000;
/** Clicks under way, which must fit in the queue of ingest; at most 64 connections. */
const CLICKS_UNDER_WAY = 3_200;
const MOST_CONNECTIONS = 64;

/** Clicks per second of one ingest on one core, singly and in batches. */
export const batches: Part = {
  title: 'clicks per second of ingest on one core, one by one and in batches; durable in JetStream',
  ads: 100,
  async run(stack, { ingest: { rounds, warmSeconds, seconds } }) {
    runAt('others');
    await stack.startServers();
    const { port } = await stack.startServiceAt('measured', 'ingest');
    printDetail(`ingest: ${whereIs('measured')}; load, NATS, Postgres: ${whereIs('others')}`);
    for (const size of SIZES) await warmUp(loadOf(stack, port, size), WARM_CLICKS / size);
    await emptyStreams(stack);
    const rates = new Figures();
    for (const size of inRounds(SIZES, rounds)) {
      const { perSecond } = await runOnIngest(stack, { ...loadOf(stack, port, size), warmSeconds, seconds });
      rates.add(`of_${size}`, size * perSecond);
    }
    printTable(
      ['clicks per request', 'clicks/s', 'spread'],
      SIZES.map((size) => [String(size), ...rates.cells(`of_${size}`)]),
      [],
    );
    return rates.medians('_per_second');
  },
};

function loadOf({ adIds }: BenchStack, port: number, size: (typeof SIZES)[number]) {
  const request = size === 1 ? ({ kind: 'click', adIds } as const) : ({ kind: 'batch', clicks: size, adIds } as const);
  const connections = Math.min(MOST_CONNECTIONS, CLICKS_UNDER_WAY / size);
  return { port, connections, request, status: 202 };
}

import { printDetail, printTable } from '@ads/local';
import type { Budget } from '../budget.js';
import { runAt, whereIs } from '../cores.js';
import { runLoad, warmUp } from '../load/run-load.js';
import type { Part } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, spreadOf } from '../statistics.js';
import { emptyStreams } from '../tracker.js';

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
  async run(stack, budget) {
    runAt('others');
    await stack.startServers();
    const { port } = await stack.startServiceAt('measured', 'ingest');
    printDetail(`ingest: ${whereIs('measured')}; load, NATS, Postgres: ${whereIs('others')}`);
    for (const size of SIZES) await warmUp(loadOf(stack, port, size), WARM_CLICKS / size);
    await emptyStreams(stack);
    const rates = await measure(stack, port, budget);
    printTable(
      ['clicks per request', 'clicks/s', 'spread'],
      rates
        .names()
        .map((name) => [name.slice('of_'.length), inFigures(rates.of(name).median), spreadOf(rates.of(name))]),
      [],
    );
    return rates.medians('_per_second');
  },
};

async function measure(stack: BenchStack, port: number, { ingest }: Budget): Promise<Figures> {
  const { rounds, warmSeconds, seconds } = ingest;
  const rates = new Figures();
  for (let round = 0; round < rounds; round += 1) {
    for (const size of SIZES) {
      const { perSecond } = await runLoad({ ...loadOf(stack, port, size), warmSeconds, seconds });
      rates.add(`of_${size}`, size * perSecond);
      await emptyStreams(stack);
    }
  }
  return rates;
}

function loadOf({ adIds }: BenchStack, port: number, size: (typeof SIZES)[number]) {
  const request = size === 1 ? ({ kind: 'click', adIds } as const) : ({ kind: 'batch', clicks: size, adIds } as const);
  const connections = Math.min(MOST_CONNECTIONS, CLICKS_UNDER_WAY / size);
  return { port, connections, request, status: 202 };
}

import { adIdsOf, fillRollups } from '@ads/harness';
import { printDetail, printTable, step } from '@ads/local';
import type { Budget, StoreSize } from '../budget.js';
import { runAt, whereIs } from '../cores.js';
import { inRounds, runLoad, warmUp } from '../load/run-load.js';
import type { Part, PartFigures } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, Times } from '../statistics.js';
import { emptyAll, makeEventStream, untilAnsweredFromRedis } from '../tracker.js';

const CONNECTIONS = 64;
/** The request rate at which response times are measured: equal for all contenders, and too low for requests to queue. */
const TIMED_PER_SECOND = 500;
const NO_REDIS = { REDIS_PORT: '1' };
const ALL_ADS = '/api/v1/ads/analytics?timeframe=1h';

const CONTENDERS = ['express', 'redis', 'postgres'] as const;
const QUESTIONS = ['one', 'page'] as const;

const WHAT = {
  express: 'bare Express, same response',
  redis: 'ours, from Redis',
  postgres: 'ours, from Postgres',
  one: 'one ad',
  page: 'first page of all',
} as const;

type Contender = (typeof CONTENDERS)[number];

export const answers: Part = {
  title: 'analytics: answers per second on one core, and response times',
  ads: 1,
  async run(stack, budget) {
    runAt('others');
    await stack.startServers();
    await makeEventStream(stack);
    printDetail(`each contender: ${whereIs('measured')}, one at a time; load and servers: ${whereIs('others')}`);
    printDetail('The stores contain only rollups, filled by SQL: analytics never reads the rows of clicks.');
    printDetail('The list of all ads is cached for half a second, so most requests for its first page read the cache.');
    let figures: PartFigures = {};
    for (const size of budget.answers.sizes) figures = { ...figures, ...(await measure(stack, size, budget)) };
    return figures;
  },
};

async function measure(stack: BenchStack, size: StoreSize, { answers: budget }: Budget): Promise<PartFigures> {
  const label = `${size.clicks} clicks, ${size.ads} ads`;
  const adIds = adIdsOf(size.ads);
  const paths = { one: adIds.map((adId) => `/api/v1/ads/analytics?ad_id=${adId}`), page: [ALL_ADS] };
  await emptyAll(stack);
  await stack.fillCatalogue(adIds);
  await step(label, () => fillRollups(stack.admin.database, adIds, size.clicks / size.ads));
  const consumer = await stack.startServiceAt('others', 'consumer');
  const redis = await stack.startServiceAt('measured', 'analytics-redis');
  const postgres = await stack.startServiceAt('measured', 'analytics-postgres', NO_REDIS);
  await untilAnsweredFromRedis(redis, adIds[0] ?? '');
  const express = await stack.startContender('same-bytes', 'measured', {
    ONE_AD: await textOf(redis.port, paths.one[0] ?? ''),
    ALL_ADS: await textOf(redis.port, ALL_ADS),
  });
  const processes = { express, redis, postgres };
  const { rounds, warmSeconds, seconds } = budget;
  const cases = QUESTIONS.flatMap((question) =>
    CONTENDERS.map((contender) => ({
      name: `${question}_${contender}`,
      port: processes[contender].port,
      connections: CONNECTIONS,
      request: { kind: 'get', paths: paths[question] } as const,
      status: 200,
    })),
  );
  const rates = new Figures();
  const times = new Times();
  for (const { name: _, ...load } of cases) await warmUp(load);
  for (const { name, ...load } of inRounds(cases, rounds)) {
    rates.add(name, (await runLoad({ ...load, warmSeconds, seconds })).perSecond);
    times.add(name, await runLoad({ ...load, warmSeconds, seconds, perSecond: TIMED_PER_SECOND }));
  }
  await checkSource(redis.port, paths.one[0] ?? '', 'redis');
  await checkSource(postgres.port, paths.one[0] ?? '', 'postgres');
  await Promise.all([consumer, ...Object.values(processes)].map((process) => process.kill()));

  printTable(
    [
      ...[label, 'answered by', 'answers/s', 'spread', '÷ Express'],
      ...[`p50 ms at ${TIMED_PER_SECOND}/s`, 'spread', 'p99 ms', 'spread'],
    ],
    rates.names().map((name) => {
      const [question, contender] = name.split('_') as [(typeof QUESTIONS)[number], Contender];
      const ratio = rates.of(name).median / rates.of(`${question}_express`).median;
      return [WHAT[question], WHAT[contender], ...rates.cells(name), inFigures(ratio), ...times.cells(name)];
    }),
    [0, 1],
  );
  const prefix = `${size.clicks}_clicks_${size.ads}_ads`;
  const figures = { ...rates.medians('_per_second'), ...times.medians() };
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [`${prefix}_${name}`, figure]));
}

async function textOf(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  if (answer.status !== 200) throw new Error(`analytics returned ${answer.status}`);
  return await answer.text();
}

/** @throws Error if analytics does not answer from the measured store */
async function checkSource(port: number, path: string, wanted: string): Promise<void> {
  const { source } = JSON.parse(await textOf(port, path)) as { source: string };
  if (source !== wanted) throw new Error(`analytics answered from ${source} instead of ${wanted}`);
}

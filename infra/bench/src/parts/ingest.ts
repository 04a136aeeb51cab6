import { printDetail, printTable } from '@ads/local';
import type { Budget } from '../budget.js';
import { runAt, whereIs } from '../cores.js';
import { inRounds, type LoadResult, warmUp } from '../load/run-load.js';
import type { Part, PartFigures } from '../part.js';
import type { BenchStack } from '../stack.js';
import { Figures, inFigures, Times } from '../statistics.js';
import { emptyStreams, runOnIngest } from '../tracker.js';

const CONTENDERS = ['bare', 'fastify', 'express', 'ours'] as const;
const CONNECTIONS = [64, 256] as const;

/** The warm-up of a contender. Until Node has compiled its code, it is up to a third slower. */
const COMPILED_ANSWERS = 100_000;

type Contender = (typeof CONTENDERS)[number];
type Ports = Readonly<Record<Contender, number>>;

const WHAT: Readonly<Record<Contender, string>> = {
  bare: 'bare node:http, parses and answers',
  fastify: 'Fastify, schema, one publish per click',
  express: 'Express, joi, one publish per click',
  ours: 'ours, all features',
};

/** Clicks per second on one core after a warm-up, and response times at half of that rate. */
export const ingest: Part = {
  title: 'clicks per second on one core; the 202 follows the acknowledgement of JetStream (file storage)',
  ads: 100,
  async run(stack, budget) {
    runAt('others');
    await stack.startServers();
    const ports: Ports = {
      bare: (await stack.startContender('bare', 'measured')).port,
      fastify: (await stack.startContender('fastify', 'measured')).port,
      express: (await stack.startContender('express', 'measured')).port,
      ours: (await stack.startServiceAt('measured', 'ingest')).port,
    };
    printDetail(`each contender: ${whereIs('measured')}, one at a time; load, NATS, Postgres: ${whereIs('others')}`);
    const request = { kind: 'click', adIds: stack.adIds } as const;
    for (const port of Object.values(ports)) {
      await warmUp({ port, connections: 64, request, status: 202 }, COMPILED_ANSWERS);
    }
    await emptyStreams(stack);
    const rates = await measureRates(stack, ports, budget);
    const times = await measureTimes(stack, ports, budget, rates);
    return { ...rates.figures, ...times };
  },
};

async function measureRates(stack: BenchStack, ports: Ports, budget: Budget) {
  const rates = new Figures();
  const busy = new Figures();
  for (const contender of inRounds(CONTENDERS, budget.ingest.rounds)) {
    for (const connections of CONNECTIONS) {
      const result = await clicks(stack, budget, { port: ports[contender], connections });
      rates.add(`${contender}_${connections}`, result.perSecond);
      busy.add(`${contender}_${connections}`, result.busy);
    }
  }
  printTable(
    ['contender', 'connections', 'clicks/s', 'spread', 'CPU of the load'],
    rates.names().map((name) => {
      const [contender, connections] = name.split('_') as [Contender, string];
      const percent = `${Math.round(100 * busy.of(name).median)} %`;
      return [WHAT[contender], connections, ...rates.cells(name), percent];
    }),
    [0],
  );
  const rateOf = (contender: Contender, connections: number) => rates.of(`${contender}_${connections}`).median;
  return { rateOf, figures: rates.medians('_per_second') };
}

/** Response times at half of the maximum throughput. The bare server is also measured at the rate of the tracker. */
async function measureTimes(
  stack: BenchStack,
  ports: Ports,
  budget: Budget,
  { rateOf }: { rateOf: (contender: Contender, connections: number) => number },
): Promise<PartFigures> {
  const cases = CONNECTIONS.flatMap((connections) => [
    ...CONTENDERS.map((contender) => ({ contender, connections, half: rateOf(contender, connections) / 2, as: '' })),
    { contender: 'bare' as const, connections, half: rateOf('ours', connections) / 2, as: '_as_ours' },
  ]);
  const nameOf = ({ contender, connections, as }: (typeof cases)[number]) => `${contender}_${connections}${as}`;
  const times = new Times();
  for (const one of inRounds(cases, budget.ingest.rounds)) {
    const { connections, half } = one;
    const target = { port: ports[one.contender], connections, perSecond: half };
    times.add(nameOf(one), await clicks(stack, budget, target));
  }
  printTable(
    ['at half load', 'connections', 'clicks/s', 'p50 ms', 'spread', 'p99 ms', 'spread'],
    cases.map((one) => {
      const label = one.as === '' ? WHAT[one.contender] : 'bare at our rate';
      return [label, String(one.connections), inFigures(one.half), ...times.cells(nameOf(one))];
    }),
    [0],
  );
  return times.medians();
}

function clicks(
  stack: BenchStack,
  { ingest: { warmSeconds, seconds } }: Budget,
  target: { port: number; connections: number; perSecond?: number },
): Promise<LoadResult> {
  const request = { kind: 'click', adIds: stack.adIds } as const;
  return runOnIngest(stack, { ...target, request, status: 202, warmSeconds, seconds });
}

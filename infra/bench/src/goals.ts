import type { PartFigures } from './part.js';

/** One figure that says how good the tracker is. */
export interface Goal {
  readonly name: string;
  /** In words. */
  readonly what: string;
  readonly value: number;
}

type Results = Readonly<Record<string, PartFigures>>;

interface Definition {
  readonly name: string;
  readonly what: string;
  /** `part.figure`. */
  readonly of: string;
  /** What it is divided by; without it, the figure itself counts. */
  readonly by?: string;
}

const LARGE = 'answers.10000000_clicks_1000_ads_one';
const SMALL = 'answers.10000_clicks_1000_ads_one';

const GOALS: readonly Definition[] = [
  {
    name: 'ingest_of_bare',
    what: 'clicks/s, 64 connections: ours ÷ bare node:http',
    of: 'ingest.ours_64_per_second',
    by: 'ingest.bare_64_per_second',
  },
  {
    name: 'ingest_of_express',
    what: 'clicks/s, 64 connections: ours ÷ Express',
    of: 'ingest.ours_64_per_second',
    by: 'ingest.express_64_per_second',
  },
  {
    name: 'ingest_of_fastify',
    what: 'clicks/s, 64 connections: ours ÷ Fastify',
    of: 'ingest.ours_64_per_second',
    by: 'ingest.fastify_64_per_second',
  },
  {
    name: 'ingest_p99_of_bare',
    what: 'p99 at half load ÷ p99 of bare node:http at the same rate',
    of: 'ingest.ours_64_p99_ms',
    by: 'ingest.bare_64_as_ours_p99_ms',
  },
  {
    name: 'drain_of_unnest_100',
    what: 'drain of 100 ads ÷ bare INSERT … unnest',
    of: 'drain.one_100_per_second',
    by: 'drain.unnest_100_per_second',
  },
  {
    name: 'drain_of_unnest_10000',
    what: 'drain of 10,000 ads ÷ bare INSERT … unnest',
    of: 'drain.one_10000_per_second',
    by: 'drain.unnest_10000_per_second',
  },
  { name: 'freshness_p99_ms', what: 'freshness at 50 % load, p99 in ms', of: 'freshness.at_50_percent_p99_ms' },
  {
    name: 'answers_of_express',
    what: 'answers/s about one ad, 10^7 clicks, from Redis ÷ bare Express',
    of: `${LARGE}_redis_per_second`,
    by: `${LARGE}_express_per_second`,
  },
  {
    name: 'answers_p50_growth',
    what: 'p50 of an answer about one ad from Redis, 10^7 clicks ÷ 10^4',
    of: `${LARGE}_redis_p50_ms`,
    by: `${SMALL}_redis_p50_ms`,
  },
  { name: 'ingest_load_mb', what: 'memory of ingest at full load, MB', of: 'cost.ingest_load_mb' },
];

/** Those of the parts that were run. @throws Error when such a part does not have the figure */
export function goalsOf(results: Results): Goal[] {
  const figure = (path: string): number => {
    const [part = '', name = ''] = path.split('.');
    const value = results[part]?.[name];
    if (value === undefined) throw new Error(`There is no figure ${path}`);
    return value;
  };
  return GOALS.filter(({ of }) => Object.hasOwn(results, of.split('.')[0] ?? '')).map(({ name, what, of, by }) => ({
    name,
    what,
    value: figure(of) / (by === undefined ? 1 : figure(by)),
  }));
}

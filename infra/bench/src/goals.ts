import type { PartFigures } from './part.js';
import { inFigures } from './statistics.js';

/** A limit for a figure. Most limits are the worst values in README.md, which were measured on an idle machine. */
export interface Goal {
  readonly name: string;
  readonly what: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

type Results = Readonly<Record<string, PartFigures>>;

interface Definition extends Omit<Goal, 'value'> {
  /** A figure (`part.figure`) or the quotient of two figures (`part.figure / part.figure`). */
  readonly figure: string;
}

const LARGE = 'answers.10000000_clicks_1000_ads_one';
const SMALL = 'answers.10000_clicks_1000_ads_one';

const GOALS: readonly Definition[] = [
  {
    name: 'ingest_of_bare',
    what: 'clicks/s, 64 connections: ours ÷ bare node:http',
    figure: 'ingest.ours_64_per_second / ingest.bare_64_per_second',
    atLeast: 0.72,
  },
  {
    name: 'ingest_of_express',
    what: 'clicks/s, 64 connections: ours ÷ Express',
    figure: 'ingest.ours_64_per_second / ingest.express_64_per_second',
    atLeast: 8.6,
  },
  {
    name: 'ingest_of_fastify',
    what: 'clicks/s, 64 connections: ours ÷ Fastify',
    figure: 'ingest.ours_64_per_second / ingest.fastify_64_per_second',
    atLeast: 3.7,
  },
  {
    name: 'ingest_p99_of_bare',
    what: 'p99 at half load ÷ p99 of bare node:http at the same rate',
    figure: 'ingest.ours_64_p99_ms / ingest.bare_64_as_ours_p99_ms',
    atMost: 3,
  },
  {
    name: 'batch_of_single',
    what: 'clicks/s of one ingest: in batches of 100 ÷ one by one',
    figure: 'batches.of_100_per_second / batches.of_1_per_second',
    atLeast: 8,
  },
  {
    name: 'pixel_of_bare',
    what: 'pixels/s: ours ÷ bare node:http with the same bytes',
    figure: 'tags.ours_pixel_per_second / tags.bare_pixel_per_second',
    atLeast: 0.65,
  },
  {
    name: 'click_through_of_bare',
    what: 'click-throughs/s: ours ÷ bare node:http with the same bytes',
    figure: 'tags.ours_click_through_per_second / tags.bare_click_through_per_second',
    atLeast: 0.65,
  },
  {
    name: 'vast_p99_of_bare',
    what: 'p99 of VAST at half load ÷ p99 of bare node:http with the same bytes at the same rate',
    figure: 'tags.ours_vast_p99_ms / tags.bare_vast_p99_ms',
    atMost: 3,
  },
  {
    name: 'rules_of_off',
    what: 'click-throughs per CPU second: all rules of invalid traffic, lists of 10,000 and 100,000 ranges ÷ IVT=off',
    figure: 'rules.on_per_cpu_second / rules.off_per_cpu_second',
    atLeast: 0.92,
  },
  {
    name: 'drain_of_unnest_100',
    what: 'drain of 100 ads ÷ bare INSERT … unnest',
    figure: 'drain.one_100_per_second / drain.unnest_100_per_second',
    atLeast: 0.72,
  },
  {
    name: 'drain_of_unnest_10000',
    what: 'drain of 10,000 ads ÷ bare INSERT … unnest',
    figure: 'drain.one_10000_per_second / drain.unnest_10000_per_second',
    atLeast: 0.26,
  },
  {
    name: 'drain_of_unnest_views',
    what: 'drain of views of a video with labels ÷ bare INSERT … unnest',
    figure: 'drain.one_views_100_per_second / drain.unnest_views_100_per_second',
    atLeast: 0.5,
  },
  {
    name: 'drain_with_gate',
    what: 'drain with a quarter clicks of known viewers: with the gate ÷ without',
    figure: 'drain.gate_on_per_second / drain.gate_off_per_second',
    atLeast: 0.9,
  },
  {
    name: 'freshness_p99_ms',
    what: 'freshness at 50 % load, p99 in ms',
    figure: 'freshness.at_50_percent_p99_ms',
    atMost: 100,
  },
  {
    name: 'answers_of_express',
    what: 'answers/s about one ad, 10^7 clicks, from Redis ÷ bare Express',
    figure: `${LARGE}_redis_per_second / ${LARGE}_express_per_second`,
    atLeast: 1.3,
  },
  {
    name: 'answers_p50_growth',
    what: 'p50 of an answer about one ad from Redis, 10^7 clicks ÷ 10^4',
    figure: `${LARGE}_redis_p50_ms / ${SMALL}_redis_p50_ms`,
    atMost: 1.2,
  },
  {
    name: 'answers_postgres_of_express',
    what: 'answers/s about one ad, 10^7 clicks, from Postgres ÷ bare Express',
    figure: `${LARGE}_postgres_per_second / ${LARGE}_express_per_second`,
    atLeast: 0.5,
  },
  {
    name: 'report_of_events',
    what: 'p50 of a report of 90 days of one ad ÷ with a thousandth of the events',
    figure: 'reports.one_p50_ms / reports.rare_p50_ms',
    atMost: 1.2,
  },
  { name: 'report_p99_ms', what: 'report of 90 days of one ad, p99 in ms', figure: 'reports.one_p99_ms', atMost: 20 },
  {
    name: 'report_campaigns_p99_ms',
    what: 'report of 90 days by campaign, p99 in ms',
    figure: 'reports.campaigns_p99_ms',
    atMost: 150,
  },
  {
    name: 'report_csv_rows',
    what: 'rows/s of a report as CSV',
    figure: 'reports.csv_rows_per_second',
    atLeast: 100_000,
  },
  {
    name: 'report_csv_memory',
    what: 'peak memory of analytics, CSV ÷ with a tenth of the rows',
    figure: 'reports.csv_peak_mb / reports.csv_tenth_peak_mb',
    atMost: 1.2,
  },
  { name: 'ingest_load_mb', what: 'memory of ingest at full load, MB', figure: 'cost.ingest_load_mb', atMost: 128 },
];

/** Returns the goals of the parts that were run. @throws Error if a part does not have the figure of its goal */
export function goalsOf(results: Results): Goal[] {
  const figure = (path: string): number => {
    const [part = '', name = ''] = path.split('.');
    const value = results[part]?.[name];
    if (value === undefined) throw new Error(`The benchmark has no figure ${path}.`);
    return value;
  };
  const isRun = ({ figure: expression }: Definition) => Object.hasOwn(results, expression.split('.')[0] ?? '');
  return GOALS.filter(isRun).map(({ figure: expression, ...goal }) => {
    const [dividend = Number.NaN, divisor = 1] = expression.split(' / ').map(figure);
    return { ...goal, value: dividend / divisor };
  });
}

/** Whether all goals were met; a sentence for each missed one, or one sentence if there is none. */
export interface Verdict {
  readonly isMet: boolean;
  readonly sentences: readonly string[];
}

export function verdictOf(goals: readonly Goal[]): Verdict {
  const missed = goals.filter(({ value, atLeast = 0, atMost = Infinity }) => !(value >= atLeast && value <= atMost));
  if (missed.length === 0) return { isMet: true, sentences: [`All goals were met (${goals.length}).`] };
  const sentences = missed.map(({ what, value, atLeast, atMost }) => {
    const limit = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    return `Goal missed: ${what} is ${inFigures(value)}, the goal is ${limit}.`;
  });
  return { isMet: false, sentences };
}

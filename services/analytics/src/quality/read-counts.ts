import { readFileSync } from 'node:fs';
import type { Database } from '@ads/ledger';
import type { MetricName } from '@ads/models';
import type { Range } from '../report/range.js';
import { QUARTER_HOURS, readReport } from '../report/read-report.js';

const READ_REUSED_SESSIONS = readFileSync(new URL('../../sql/read-reused-sessions.sql', import.meta.url), 'utf8');

const DAY_MS = 86_400_000;

const COUNTS = [
  'clicks',
  'impressions',
  'invalid_clicks',
  'invalid_impressions',
] as const satisfies readonly MetricName[];
type Counts = Readonly<Record<(typeof COUNTS)[number], number>>;

/** The clicks and impressions of an ad with a verdict. */
export interface CountsOfVerdict extends Counts {
  readonly verdict: string;
}

/** Reads the counts of an ad in a range of whole quarter-hours by verdict, as a report does. @throws DependencyUnavailable */
export async function readVerdicts(database: Database, adId: string, { from, to }: Range): Promise<CountsOfVerdict[]> {
  const rows = await readReport(database, {
    query: { ad_id: [adId], group_by: ['verdict'] },
    rollup: QUARTER_HOURS,
    label: 'verdict',
    bounds: [from, to].map((time) => time / QUARTER_HOURS.milliseconds),
    metrics: COUNTS,
    days: [],
    after: undefined,
    most: null,
  });
  return rows.map(({ event_label = '', metrics }) => {
    // A record of numbers: (12,0,3,4).
    const numbers = metrics.slice(1, -1).split(',').map(Number);
    const counts = Object.fromEntries(COUNTS.map((name, place) => [name, numbers[place]]));
    return { verdict: event_label, ...(counts as Counts) };
  });
}

/** Repeated events of an ad whose session another viewer used before, and all its clicks and impressions. */
export interface Reuse {
  readonly reused: number;
  readonly events: number;
}

/** Reads the reuse of sessions on the UTC days that a range touches. @throws DependencyUnavailable */
export async function readReuse(database: Database, adId: string, { from, to }: Range): Promise<Reuse> {
  const [first, after] = [Math.floor(from / DAY_MS), Math.ceil(to / DAY_MS)];
  const [[row], verdicts] = await Promise.all([
    database.query<{ events: number }>('read_reused_sessions', READ_REUSED_SESSIONS, [adId, first, after]),
    readVerdicts(database, adId, { from: first * DAY_MS, to: after * DAY_MS }),
  ]);
  const events = verdicts.flatMap((counts) => COUNTS.map((name) => counts[name])).reduce((sum, one) => sum + one, 0);
  return { reused: row?.events ?? 0, events };
}

import { readFileSync } from 'node:fs';
import { type PostgresConfig, readByCursor } from '@ads/connections';
import { type EventKind, fillInKinds } from '@ads/models';
import type { Metrics } from '@ads/runtime';
import type { Range } from '../report/range.js';

const FIND_START = readFileSync(new URL('../../sql/find-quality-start.sql', import.meta.url), 'utf8');
const READ_EVENTS = fillInKinds(readFileSync(new URL('../../sql/read-quality.sql', import.meta.url), 'utf8'));

/** The kinds that report the steps of a video, in order. */
const STEPS: readonly EventKind[] = ['start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete'];

/**
 * Plans that would read all events of the range or of its days. If Postgres must not choose them, it reads events in the order of
 * the primary key.
 */
const UNBOUNDED = ['seqscan', 'bitmapscan', 'sort'];

/** The longest time before the first session that counts. A session is rarely longer. */
const SESSION_MS = 900_000;

/** Numbers of valid events, sessions and viewers of an ad, as `read-quality.sql` returns them. */
export interface EventNumbers {
  readonly events: number;
  readonly clicks: number;
  readonly impressions: number;
  readonly without_session: number;
  /** Clicks that report a play time, and those of them in the first second. */
  readonly play_times: number;
  readonly at_start: number;
  readonly with_click: number;
  readonly without_impression: number;
  readonly with_step: number;
  readonly with_gap: number;
  /** Events whose viewer is known, and those of the viewer with the most. */
  readonly known_clicks: number;
  readonly most_clicks: number;
  readonly known_impressions: number;
  readonly most_impressions: number;
}

/** The events that were read. Times are milliseconds since the epoch. */
export interface Sample {
  readonly numbers: EventNumbers;
  readonly from: number;
  readonly isComplete: boolean;
  readonly sessionsFrom: number;
}

export interface EventsDependencies {
  readonly postgres: PostgresConfig;
  readonly metrics: Metrics;
  /** Maximum number of events of all ads that one read may scan. */
  readonly mostEvents: number;
  /** Longest time of each of the two statements. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Counts the valid events of an ad whose ids have a time in the range, or in its newest part that has `mostEvents` events of all
 * ads: there is no index on the ad. Each statement has a connection of its own, so that a slow one delays no other read.
 *
 * @param signal ends the read
 * @throws DependencyUnavailable when Postgres is unavailable, or a statement takes longer than `timeoutMs`
 */
export async function readEvents(
  { postgres, metrics, mostEvents, timeoutMs, now }: EventsDependencies,
  adId: string,
  { from, to }: Range,
  signal: AbortSignal,
): Promise<Sample> {
  const read = async (operation: string, text: string, values: readonly unknown[]) => {
    const options = { operation, text, values, without: UNBOUNDED, timeoutMs, signal };
    const batches = await readByCursor(postgres, { service: 'analytics', metrics }, options);
    let first: string | null | undefined;
    for await (const rows of batches) first = rows[0]?.[0];
    return first;
  };
  const [first, end] = [idOf(from), idOf(to)];
  const before = await read('find_quality_start', FIND_START, [first, end, mostEvents]);
  // The sample begins with a whole millisecond: other events of the last millisecond that is not read are left out too.
  const start = before == null ? from : timeOf(before) + 1;
  const sessionsFrom = start + Math.min(SESSION_MS, Math.max(0, Math.floor((Math.min(to, now()) - start) / 2)));
  const counts = await read('read_quality', READ_EVENTS, [adId, idOf(start), end, idOf(sessionsFrom), STEPS]);
  return { numbers: JSON.parse(counts ?? ''), from: start, isComplete: before == null, sessionsFrom };
}

/** The least UUID with this time in its first 48 bits. */
function idOf(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

function timeOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

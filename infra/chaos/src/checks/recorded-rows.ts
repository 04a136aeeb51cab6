import { type EventKind, minuteOf, secondOf } from '@ads/models';
import type pg from 'pg';
import { eventKey, type Journal } from '../load/journal.js';

/** A row of the ledger, as far as counting goes. */
export interface Row {
  readonly kind: EventKind;
  readonly id: string;
  readonly adId: string;
  /** Milliseconds. */
  readonly occurredAt: number;
}

/** Everything that is in the ledger. */
export async function readRows(database: pg.Pool): Promise<Row[]> {
  const { rows } = await database.query<[EventKind, string, string, string]>({
    text: 'SELECT kind, id, ad_id, round(extract(epoch FROM occurred_at) * 1000)::bigint FROM ad_events',
    rowMode: 'array',
  });
  return rows.map(([kind, id, adId, occurredAt]) => ({ kind, id, adId, occurredAt: Number(occurredAt) }));
}

/** What is wrong with the rows, one line for each event. */
export interface RowProblems {
  /** Acknowledged, and not there. */
  readonly lost: string[];
  /** There more than once, or nobody sent it. */
  readonly duplicated: string[];
  /** There, but not as it was acknowledged. */
  readonly misfiled: string[];
}

/** Id by id: what was acknowledged against what is there. */
export function compareRows(journal: Journal, rows: readonly Row[]): RowProblems {
  const duplicated: string[] = [];
  const misfiled: string[] = [];
  const there = new Set<string>();
  const strangers: string[] = [];
  for (const { kind, id, adId, occurredAt } of rows) {
    const key = eventKey(kind, id);
    if (there.has(key)) duplicated.push(key);
    there.add(key);
    const sentFor = journal.adOf(key);
    if (sentFor === undefined) strangers.push(key);
    else if (sentFor !== adId) misfiled.push(`${key} of ${sentFor} is there as one of ${adId}`);
    const promised = journal.acknowledged.get(key)?.occurredAt;
    if (promised !== undefined && promised !== occurredAt) {
      misfiled.push(`${key} was to be at ${promised} and is at ${occurredAt}`);
    }
  }
  // A request that was never answered may have become an event with an id that nobody was told.
  if (strangers.length > journal.strangers) {
    duplicated.push(...strangers.slice(journal.strangers).map((key) => `${key} was sent by nobody`));
  }
  const lost = [...journal.acknowledged.keys()].filter((key) => !there.has(key));
  return { lost, duplicated, misfiled };
}

/** Clicks by `ad bucket`. */
export type Buckets = Map<string, number>;

/** What the rows add up to. */
export interface Sums {
  readonly totals: Map<string, { clicks: number; impressions: number }>;
  readonly seconds: Buckets;
  readonly minutes: Buckets;
}

export function sumUp(rows: readonly Row[]): Sums {
  const sums: Sums = { totals: new Map(), seconds: new Map(), minutes: new Map() };
  const add = (buckets: Buckets, key: string) => buckets.set(key, (buckets.get(key) ?? 0) + 1);
  for (const { kind, adId, occurredAt } of rows) {
    const total = sums.totals.get(adId) ?? { clicks: 0, impressions: 0 };
    sums.totals.set(adId, total);
    total[`${kind}s`] += 1;
    if (kind === 'impression') continue;
    add(sums.seconds, `${adId} ${secondOf(occurredAt)}`);
    add(sums.minutes, `${adId} ${minuteOf(occurredAt)}`);
  }
  return sums;
}

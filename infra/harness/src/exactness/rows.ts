import { type EventKind, INVALID_VERDICTS, VERDICTS } from '@ads/models';
import type pg from 'pg';
import { eventKey, type Journal } from '../journal.js';

/** The fields of a stored event that counting uses. */
export interface Row {
  readonly kind: EventKind;
  readonly id: string;
  readonly adId: string;
  readonly occurredAt: number;
  /** The number of the verdict; null for a valid event. */
  readonly verdict: number | null;
}

export async function readRows(database: pg.Pool): Promise<Row[]> {
  const { rows } = await database.query<[EventKind, string, string, string, number | null]>({
    text: 'SELECT kind, id, ad_id, round(extract(epoch FROM occurred_at) * 1000)::bigint, verdict FROM ad_events',
    rowMode: 'array',
  });
  return rows.map(([kind, id, adId, occurredAt, verdict]) => ({
    kind,
    id,
    adId,
    occurredAt: Number(occurredAt),
    verdict,
  }));
}

/** True for an event that windows, totals and all net metrics count. */
export function isValid({ verdict }: Row): boolean {
  return verdict === null;
}

/** Problems with the stored events, one line for each event. */
export interface RowProblems {
  /** Events that were acknowledged but not stored. */
  readonly lost: string[];
  /** Events that were stored more than once, or never sent. */
  readonly duplicated: string[];
  /** Events that were stored with another ad or time than acknowledged, or whose verdict has changed. */
  readonly misfiled: string[];
  /** Clicks that were redirected but not stored. */
  readonly unstoredRedirects: string[];
}

/** Compares the acknowledged events with the stored ones, id by id. */
export function compareRows(journal: Journal, rows: readonly Row[]): RowProblems {
  const duplicated: string[] = [];
  const misfiled = changedVerdicts(journal, rows);
  const stored = new Set<string>();
  const unknown: string[] = [];
  for (const { kind, id, adId, occurredAt } of rows) {
    const key = eventKey(kind, id);
    if (stored.has(key)) duplicated.push(key);
    stored.add(key);
    const ads = journal.adsOf(key);
    if (ads.size === 0 && !journal.mayBeStored(id)) unknown.push(key);
    else if (ads.size > 0 && !ads.has(adId)) misfiled.push(`${key} of ${[...ads]} is stored for ${adId}`);
    const promised = journal.acknowledged.get(key)?.occurredAt;
    if (promised !== undefined && promised !== occurredAt) {
      misfiled.push(`${key} was acknowledged with the time ${promised} but stored with ${occurredAt}`);
    }
  }
  // If a request without an id got no answer, its event may be stored with an id that the journal does not know.
  if (unknown.length > journal.untraceable) {
    duplicated.push(...unknown.slice(journal.untraceable).map((key) => `${key} was never sent`));
  }
  const lost = [...journal.acknowledged.keys()].filter((key) => !stored.has(key));
  const unstoredRedirects = [...journal.redirected].filter((key) => !stored.has(key));
  return { lost, duplicated, misfiled, unstoredRedirects };
}

/**
 * Compares the verdicts of stored events with those that earlier calls read, and notes them for later calls.
 *
 * @returns one line for each verdict that has changed
 */
export function changedVerdicts({ verdicts }: Journal, rows: readonly Row[]): string[] {
  return rows.flatMap(({ kind, id, verdict }) => {
    const key = eventKey(kind, id);
    const before = verdicts.get(key);
    if (before === undefined) verdicts.set(key, verdict);
    return before === undefined || before === verdict
      ? []
      : [`${key} was stored with the verdict ${nameOf(before)} but now has ${nameOf(verdict)}`];
  });
}

/** The number of stored events by the name of their verdict. */
export function countVerdicts(rows: readonly Row[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { verdict } of rows) counts[nameOf(verdict)] = (counts[nameOf(verdict)] ?? 0) + 1;
  return counts;
}

function nameOf(verdict: number | null): string {
  if (verdict === null) return 'valid';
  return INVALID_VERDICTS.find((name) => VERDICTS[name].number === verdict) ?? String(verdict);
}

const IDS_AT_ONCE = 50_000;

/** Counts the clicks that are not stored. Works with more ids than a {@link Journal} can hold. */
export async function countLost(database: pg.Pool, ids: readonly string[]): Promise<number> {
  let lost = 0;
  for (let first = 0; first < ids.length; first += IDS_AT_ONCE) {
    const { rows } = await database.query(
      `SELECT count(*)::integer AS lost FROM unnest($1::uuid[]) AS sent (id)
       WHERE NOT EXISTS (SELECT FROM ad_events WHERE ad_events.id = sent.id AND kind = 'click')`,
      [ids.slice(first, first + IDS_AT_ONCE)],
    );
    lost += rows[0]?.lost ?? 0;
  }
  return lost;
}

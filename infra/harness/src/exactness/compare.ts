import { COUNT_COLUMNS } from '@ads/models';
import type { AdminClients } from '../admin-clients.js';
import type { Journal } from '../journal.js';
import { compareAnswers } from './answers.js';
import { compareCounters, readLedger } from './counters.js';
import { compareLive } from './live.js';
import { compareGross, compareReports, reportsUntil } from './reports.js';
import { compareRollups } from './rollups.js';
import { compareRows, countVerdicts, type Row, readRows } from './rows.js';
import { compareVerdicts, type GateSettings } from './verdicts.js';

/** The result of comparing the journal, the stored events, the rollups, the counters, the answers, reports and live streams. */
export interface Comparison {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly miscounted: readonly string[];
  /** Clicks that were redirected but not stored, which only a killed ingest may cause. */
  readonly unstoredRedirects: readonly string[];
  readonly stored: number;
  /** Stored events by the name of their verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Events in the counts per quarter-hour. */
  readonly counted: number;
}

export interface ComparisonTarget {
  readonly admin: Pick<AdminClients, 'database' | 'counters'>;
  readonly url: string;
  /** The ads whose answers are compared. */
  readonly adIds: readonly string[];
  /** The rules of the services that recorded the events. */
  readonly gate: GateSettings;
}

/** The exactness check: accepted = stored = counted = answered = reported. Call it when the queue is empty. */
export async function compare(target: ComparisonTarget, journal: Journal): Promise<Comparison> {
  const { rows, ...stored } = await compareStored(target, journal);
  return { ...stored, miscounted: [...stored.miscounted, ...(await compareServed(target, rows))] };
}

/** Compares the answers, reports and live streams with the stored events. @returns one line for each difference */
export async function compareServed(
  { admin, url, adIds }: Omit<ComparisonTarget, 'gate'>,
  rows: readonly Row[],
): Promise<string[]> {
  const found = await Promise.all([
    compareAnswers(url, rows, adIds),
    compareReports(url, admin.database, reportsUntil(Date.now())),
    compareGross(url),
    compareLive(url, rows, adIds),
  ]);
  return found.flat();
}

/** The part of the exactness check that asks no service: accepted = stored = counted. Call it when the queue is empty. */
export async function compareStored(
  { admin, gate }: Pick<ComparisonTarget, 'admin' | 'gate'>,
  journal: Journal,
): Promise<Comparison & { readonly rows: readonly Row[] }> {
  const { database } = admin;
  const rows = await readRows(database);
  const { lost, duplicated, misfiled, unstoredRedirects } = compareRows(journal, rows);
  const ledger = await readLedger(database);
  const now = Date.now();
  const [verdicts, rollups, counters] = await Promise.all([
    compareVerdicts(database, gate),
    compareRollups(database, now),
    admin.counters().then((servers) => compareCounters(servers, ledger, rows, now)),
  ]);
  const { rows: totals } = await database.query(
    `SELECT sum(${COUNT_COLUMNS.join(' + ')})::bigint AS counted FROM counts_per_quarter_hour`,
  );
  return {
    rows,
    lost,
    duplicated,
    unstoredRedirects,
    miscounted: [...misfiled, ...verdicts, ...rollups, ...counters],
    stored: rows.length,
    verdicts: countVerdicts(rows),
    counted: Number(totals[0]?.counted ?? 0),
  };
}

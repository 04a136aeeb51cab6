import type { Journal } from '../load/journal.js';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import { compareAnswers } from './answers.js';
import { compareCounters, readLedger } from './counters.js';
import { compareRows, readRows, sumUp } from './recorded-rows.js';
import { compareRollups } from './rollups.js';

/** How the journal, the ledger, the rollups, the counters and the answers agree. */
export interface Comparison {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly miscounted: readonly string[];
  /** Rows in the ledger. */
  readonly stored: number;
  /** Clicks and impressions that the rollups have in total. */
  readonly counted: number;
}

/** Compares all of it, since the first round. Nothing may be on its way any more. */
export async function compare(stack: ChaosStack, journal: Journal): Promise<Comparison> {
  const { database, counters: servers } = stack.admin;
  const rows = await readRows(database);
  const { lost, duplicated, misfiled } = compareRows(journal, rows);
  const sums = sumUp(rows);
  const ledger = await readLedger(database);
  const now = Date.now();
  const [rollups, counters, answers] = await Promise.all([
    compareRollups(database, sums, now),
    servers().then((redis) => compareCounters(redis, ledger, sums, now)),
    compareAnswers(stack.url, rows, AD_IDS),
  ]);
  const { rows: totals } = await database.query('SELECT sum(clicks + impressions)::bigint AS counted FROM ad_totals');
  return {
    lost,
    duplicated,
    miscounted: [...misfiled, ...rollups, ...counters, ...answers],
    stored: rows.length,
    counted: Number(totals[0]?.counted ?? 0),
  };
}

import { compareAnswers, compareRows, eventKey, type Journal, type Row, readRows } from '@ads/harness';
import { waitFor } from '@ads/local';
import type pg from 'pg';
import { AD_IDS } from '../generate/endpoints.js';

/** The number of stored events, and one line for each wrong event or number. */
export interface Comparison {
  readonly stored: number;
  readonly miscounted: readonly string[];
}

const SETTLED_MS = 60_000;
const COUNTED_MS = 15_000;

/** Compares the acknowledged events with the stored ones, and the answers of analytics with the stored events. */
export async function compare(database: pg.Pool, url: string, journal: Journal): Promise<Comparison> {
  const rows = await settledRows(database, journal);
  const { lost, duplicated, misfiled } = compareRows(journal, rows);
  let wrong: string[] = [];
  // Counters in Redis follow the rows.
  const isRight = async () => {
    wrong = await compareAnswers(url, rows, AD_IDS);
    return wrong.length === 0;
  };
  await waitFor(isRight, {
    timeoutMs: COUNTED_MS,
    intervalMs: 100,
    what: 'analytics to return the right counts',
  }).catch(() => undefined);
  return {
    stored: rows.length,
    miscounted: [...lost.map((key) => `${key} is lost`), ...duplicated, ...misfiled, ...wrong],
  };
}

/** Waits until all acknowledged events are stored and no more arrive. Returns the stored events. */
async function settledRows(database: pg.Pool, journal: Journal): Promise<Row[]> {
  let rows = await readRows(database);
  let before = -1;
  const deadline = performance.now() + SETTLED_MS;
  await waitFor(
    async () => {
      rows = await readRows(database);
      const stored = new Set(rows.map(({ kind, id }) => eventKey(kind, id)));
      const isWhole = [...journal.acknowledged.keys()].every((key) => stored.has(key)) || performance.now() > deadline;
      const isQuiet = rows.length === before;
      before = rows.length;
      return isWhole && isQuiet;
    },
    { timeoutMs: SETTLED_MS + 10_000, intervalMs: 500, what: 'the events to be recorded' },
  );
  return rows;
}

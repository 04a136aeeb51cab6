import {
  compareAnswers,
  compareCounters,
  compareLive,
  compareReports,
  compareRollups,
  compareRows,
  type Row,
  readLedger,
  readRows,
  reportsUntil,
} from '@ads/harness';
import { waitFor } from '@ads/local';
import { expect } from '@jest/globals';
import type { Environment } from './environment.js';

/**
 * Compares every acknowledged event of an environment with the stored events, the rollups, the counters in Redis, and the
 * answers, reports and live streams of analytics: each id is stored once, none is missing, and none is stored that was not
 * acknowledged.
 */
export async function expectExact(environment: Environment, { timeoutMs = 40_000 } = {}): Promise<void> {
  const { admin, journal, stack } = environment;
  const rows = await expectRecorded(environment, timeoutMs);
  expect(await compareRollups(admin.database, Date.now())).toEqual([]);
  const ledger = await readLedger(admin.database);
  const adIds = [...new Set([...journal.acknowledged.values()].map(({ adId }) => adId))];
  await waitFor(
    async () => {
      expect(await compareCounters(await admin.counters(), ledger, rows, Date.now())).toEqual([]);
      expect(await compareAnswers(stack.url, rows, adIds)).toEqual([]);
      expect(await compareReports(stack.url, admin.database, reportsUntil(Date.now()))).toEqual([]);
      expect(await compareLive(stack.url, rows, adIds)).toEqual([]);
      return true;
    },
    { timeoutMs, intervalMs: 100, what: 'the counters in Redis and the answers to equal the stored events' },
  );
}

/** Waits until the acknowledged events are recorded and the queue is empty. @returns the stored events */
export async function expectRecorded({ admin, journal, jetstream }: Environment, timeoutMs = 40_000): Promise<Row[]> {
  const { size } = journal.acknowledged;
  let rows: Row[] = [];
  await waitFor(
    async () => {
      rows = await readRows(admin.database);
      return rows.length >= size && (await jetstream.held()) === 0;
    },
    { timeoutMs, intervalMs: 100, what: `${size} events to be recorded and the queue to be empty` },
  ).catch(() => undefined);
  expect({ ...compareRows(journal, rows), stored: rows.length, queued: await jetstream.held() }).toEqual({
    lost: [],
    duplicated: [],
    misfiled: [],
    unstoredRedirects: [],
    stored: size,
    queued: 0,
  });
  return rows;
}

import { openTestServers } from '@ads/local';
import { LEAST_MINUTES_KEPT, SECONDS_KEPT } from '@ads/models';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { type Database, pruneMinutes, pruneReusedSessions, pruneSeconds } from '../src/index.js';
import { rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

let database: Database;
beforeEach(async () => {
  database = openDatabase(testServers, await testServers.database());
});

it.each([
  ['second', SECONDS_KEPT, pruneSeconds, 1_000],
  // One minute more than reports show.
  ['minute', LEAST_MINUTES_KEPT + 1, (database: Database) => pruneMinutes(database, LEAST_MINUTES_KEPT), 60_000],
] as const)('deletes every %s that is not kept any more, and no other', async (unit, kept, prune, ms) => {
  const bucket = Math.floor(Date.now() / ms);
  const first = bucket - kept - 25_000;
  await rows(
    database,
    `INSERT INTO counts_per_${unit} SELECT 'ad-001', ${unit}, 1, 1 FROM generate_series(${first}, ${bucket + 300}) ${unit}`,
  );
  await rows(database, "INSERT INTO ad_totals VALUES ('ad-001', 1, 1)");
  expect(await prune(database)).toBeGreaterThanOrEqual(25_000);
  const [left] = (await rows(
    database,
    `SELECT min(${unit}) AS oldest, max(${unit}) AS newest, count(*) FROM counts_per_${unit}`,
  )) as { oldest: number; newest: number; count: number }[];
  const now = Math.floor(Date.now() / ms);
  expect(left?.oldest).toBeGreaterThanOrEqual(bucket - kept);
  expect(left?.oldest).toBeLessThanOrEqual(now - kept);
  expect(left).toMatchObject({ newest: bucket + 300, count: bucket + 300 - (left?.oldest ?? 0) + 1 });
  expect(await rows(database, 'SELECT * FROM ad_totals')).toHaveLength(1);
});

it('deletes counts of reused sessions of days that are more than 90 days ago', async () => {
  await rows(
    database,
    "INSERT INTO session_reuse SELECT 'ad-001', (now() AT TIME ZONE 'UTC')::date - days, days FROM generate_series(0, 200) days",
  );
  const pruned = await pruneReusedSessions(database);
  // Midnight may have passed since.
  expect([110, 111]).toContain(pruned);
  expect(await rows(database, 'SELECT min(events), max(events) FROM session_reuse')).toEqual([
    { min: 0, max: 200 - pruned },
  ]);
});

it('stops between two statements when it is aborted', async () => {
  await rows(
    database,
    "INSERT INTO counts_per_second SELECT 'ad-001', second, 1 FROM generate_series(1, 30000) second",
  );
  const stopping = new AbortController();
  const watched: Database = {
    query: (operation, text, values) => {
      stopping.abort();
      return database.query(operation, text, values);
    },
  };
  expect(await pruneSeconds(watched, stopping.signal)).toBe(10_000);
});

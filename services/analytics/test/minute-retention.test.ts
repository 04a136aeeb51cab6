import { type PostgresConfig, postgresConnection, postgresVariables } from '@ads/connections';
import { createLedger, pruneMinutes, type RecordingDatabase, readOldestMinute, recount } from '@ads/ledger';
import { openTestServers, type Variables } from '@ads/local';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openDatabase } from '../../../packages/ledger/test/servers.js';
import { planReport } from '../src/report/plan-report.js';
import { type Report, wholeReport } from '../src/report/report.js';
import { event } from './stores.js';

const testServers = openTestServers();
afterAll(testServers.release);

const MINUTE_MS = 60_000;
const RAISED = LEAST_MINUTES_KEPT + 600;
/** The test may run this many minutes after it began. */
const SLOW = 20;

let env: Variables;
let database: RecordingDatabase;
/** The current minute when the test began. */
let minute: number;
beforeAll(async () => {
  env = await testServers.database();
  database = openDatabase(testServers, env);
  minute = Math.floor(Date.now() / MINUTE_MS);
});

/** The clicks of the hour from a minute on. */
async function clicksFrom(first: number, minutesKept: number): Promise<unknown> {
  const [from, to] = [first, first + 60].map((bound) => new Date(bound * MINUTE_MS).toISOString());
  const plan = await planReport(`interval=minute&from=${from}&to=${to}&metrics=clicks`, {
    now: Date.now(),
    readOldestMinute: () => readOldestMinute(database, minutesKept),
  });
  const { rows } = JSON.parse(await wholeReport({ database }, plan)) as Report;
  return rows.reduce((sum, row) => sum + Number(row.clicks), 0);
}

const refused = (first: number, minutesKept: number) =>
  expect(clicksFrom(first, minutesKept)).rejects.toMatchObject({
    status: 400,
    details: [{ path: 'from', message: expect.stringContaining('because earlier minutes are not kept') }],
  });

it('reports by minute reach back to the first minute that is complete, also after the retention is changed', async () => {
  const first = minute - RAISED - 100;
  await database.query(
    'test',
    `INSERT INTO counts_per_minute SELECT 'ad-001', minute, 1, 0 FROM generate_series(${first}, ${minute}) minute`,
  );
  const fill = `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at)
    SELECT gen_random_uuid(), 'click', 'ad-001', '::1', to_timestamp(minute * 60), now()
    FROM generate_series(${first}, ${minute}) minute`;
  await database.query('test', fill);

  // A report shows each minute that pruning keeps, and refuses the minute before.
  expect(await readOldestMinute(database, LEAST_MINUTES_KEPT)).toBeLessThanOrEqual(
    (minute + SLOW - LEAST_MINUTES_KEPT) * MINUTE_MS,
  );
  await pruneMinutes(database, LEAST_MINUTES_KEPT);
  const oldest = (await readOldestMinute(database, LEAST_MINUTES_KEPT)) / MINUTE_MS;
  expect(oldest).toBeGreaterThanOrEqual(minute - LEAST_MINUTES_KEPT);
  expect(await clicksFrom(oldest + SLOW, LEAST_MINUTES_KEPT)).toBe(60);
  await refused(oldest - 1, LEAST_MINUTES_KEPT);

  // Raised: pruned minutes stay refused, not zero. So does an hour whose late events a consumer with the earlier value may skip.
  await refused(oldest - SLOW, RAISED);
  await pruneMinutes(database, RAISED);
  await refused(oldest + 59, RAISED);
  expect(await clicksFrom(oldest + 60 + SLOW, RAISED)).toBe(60);

  // A recount counts them from the stored events.
  await recount(postgresConnection(loadConfig<PostgresConfig>(env, postgresVariables)), RAISED);
  expect(await clicksFrom(minute - RAISED + SLOW, RAISED)).toBe(60);
  await refused(minute - RAISED - 1, RAISED);

  // A late event counts in its minute.
  const ledger = createLedger({
    database,
    store: {
      shards: () => [],
      shardOf: () => {
        throw new Error('none');
      },
    },
    maxLabelValues: 1,
    minutesKept: RAISED,
    now: Date.now,
    onRaiseFailure: () => undefined,
  });
  await ledger.recordQueued([event('ad-001', (minute - RAISED + SLOW) * MINUTE_MS)]);
  expect(await clicksFrom(minute - RAISED + SLOW, RAISED)).toBe(61);

  // Lowered again.
  await pruneMinutes(database, LEAST_MINUTES_KEPT);
  await refused(oldest - 2, RAISED);
});

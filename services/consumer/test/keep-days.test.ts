import { postgresVariables } from '@ads/connections';
import { noteRecorded, wantDays } from '@ads/ledger';
import { openPool, openTestServers, waitFor } from '@ads/local';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { loadConfig } from '@ads/runtime';
import { afterAll, it } from '@jest/globals';
import { recordBatch } from '../../../packages/ledger/src/record.js';
import { click } from '../../../packages/ledger/test/expected-counts.js';
import { openDatabase } from '../../../packages/ledger/test/servers.js';
import { keepDays } from '../src/keep-days.js';
import { captureLog } from './log.js';

const testServers = openTestServers();
afterAll(testServers.release);

const DAY_MS = 86_400_000;

it('days are built by several consumers, also after connections were refused, once all events of their time are recorded', async () => {
  const env = await testServers.database();
  const admin = openPool({ ...env, POSTGRES_DB: 'postgres' });
  testServers.onRelease(() => admin.end());
  const database = openDatabase(testServers, env);
  const { logger, events } = captureLog();
  const now = Date.now();
  const config = loadConfig(env, postgresVariables);
  const stops = [1, 2].map(() => keepDays({ config, database, logger, everyMs: 20 }));
  const record = () =>
    recordBatch(database, [click(now - 3 * DAY_MS), click(now - 5 * DAY_MS)], { minutesKept: LEAST_MINUTES_KEPT });
  const clicks = async () => {
    const rows = await database.query<{ clicks: number }>('test', 'SELECT clicks FROM counts_per_day ORDER BY 1');
    const late = await database.query('test', 'SELECT FROM late_quarter_hours');
    return late.length > 0 ? 'late' : rows.map((row) => row.clicks).join();
  };
  const until = (wanted: string) =>
    waitFor(async () => (await clicks()) === wanted, { what: `${wanted} clicks per day`, timeoutMs: 20_000 });

  await wantDays(database, [0]);
  await record();
  await noteRecorded(database, now - 3.5 * DAY_MS);
  await until('1');
  await noteRecorded(database, now);
  await until('1,1');

  const allow = (allowed: boolean) => admin.query(`ALTER DATABASE "${env.POSTGRES_DB}" ALLOW_CONNECTIONS ${allowed}`);
  await allow(false);
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'consumer'",
    [env.POSTGRES_DB],
  );
  await waitFor(() => events().includes('warn reports.days_failed'), { what: 'a failure', timeoutMs: 20_000 });
  await allow(true);
  await record();
  await until('2,2');
  await Promise.all(stops.map((stop) => stop()));
  const isClosed = async () =>
    (
      await admin.query("SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name = 'consumer'", [
        env.POSTGRES_DB,
      ])
    ).rowCount === 0;
  await waitFor(isClosed, { what: 'the connections to be closed', timeoutMs: 20_000 });
});

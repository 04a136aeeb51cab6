import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AdAnswer } from '@ads/harness';
import { EVENT_TABLES, UNLIMITED } from '@ads/harness';
import {
  copyFolder,
  type LocalProcess,
  openTestServers,
  restorePostgresFiles,
  restoreStreams,
  SERVICE_NAMES,
  takeBackup,
  verifyBackup,
  waitFor,
} from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  attachEnvironment,
  type Environment,
  openEnvironment,
  untilHealthy,
  untilTrusted,
} from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { call, json } from './support/http.js';
import { newEvent } from './support/players.js';

/*
 * The database is restored, emptied or replaced, while Redis has the counters of the earlier state.
 */

const testServers = openTestServers();
const AD = 'ad-001';
let postgres: LocalProcess;
let dataFolder: string;
let environment: Environment;

beforeAll(async () => {
  postgres = await testServers.postgres();
  environment = await openEnvironment(testServers, postgres.env);
  dataFolder = (await environment.admin.database.query('SHOW data_directory')).rows[0].data_directory;
}, 60_000);

afterAll(() => testServers.release(), 60_000);

async function clicks(count: number, of: Environment = environment): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    await waitFor(async () => (await of.send(newEvent('click', AD))).status === 202, {
      timeoutMs: 20_000,
      what: 'a click to be accepted',
    });
  }
}

/** Waits until analytics answers these clicks of the last hour, first from any source, then from Redis. */
async function expectClicks(count: number, of: Environment = environment): Promise<void> {
  const wanted = { total_clicks: count, time_frames: { last_1_hour: count, last_24_hours: count } };
  await waitFor(
    async () => {
      expect(await of.analytics(AD)).toMatchObject(wanted);
      return true;
    },
    { timeoutMs: 30_000, what: `${count} clicks to be answered` },
  );
  await untilTrusted(of, AD);
  expect(await of.analytics(AD)).toMatchObject(wanted);
  // The list is cached.
  await waitFor(
    async () => {
      const list = await call(`${of.stack.url}/api/v1/ads/analytics`);
      const { analytics } = json<{ analytics: AdAnswer[] }>(list);
      expect(analytics.find(({ ad_id }) => ad_id === AD)).toMatchObject(wanted);
      return true;
    },
    { timeoutMs: 20_000, what: `${count} clicks to be in the list` },
  );
}

test('after TRUNCATE and two clicks analytics answers two, also after a restart of all services', async () => {
  await clicks(6);
  await expectExact(environment);
  await environment.admin.database.query(`TRUNCATE ${EVENT_TABLES}`);
  environment.journal.acknowledged.clear();
  await clicks(2);
  await expectClicks(2);
  await environment.stack.analytics.restart();
  await environment.stack.consumer.restart();
  await untilHealthy(environment);
  await expectClicks(2);
  await expectExact(environment);
}, 90_000);

test('rows that an administrator deleted are no longer counted', async () => {
  await clicks(3);
  await expectClicks(5);
  await environment.admin.database.query(
    'BEGIN; DELETE FROM ad_totals; DELETE FROM counts_per_minute; DELETE FROM counts_per_second; DELETE FROM counts_per_quarter_hour; DELETE FROM ad_events; COMMIT',
  );
  environment.journal.acknowledged.clear();
  await clicks(1);
  await expectClicks(1);
  await expectExact(environment);
}, 90_000);

test('after the restore of a snapshot under running services, later events are no longer counted', async () => {
  await expectExact(environment);
  await postgres.stop();
  await copyFolder(dataFolder, `${dataFolder}.snapshot`);
  await postgres.start();
  const before = new Map(environment.journal.acknowledged);
  await clicks(4);
  // Analytics checks the identity of the database four times a second.
  await expectClicks(before.size + 4);
  await expectExact(environment);
  await postgres.stop();
  await copyFolder(`${dataFolder}.snapshot`, dataFolder);
  await postgres.start();
  environment.journal.acknowledged.clear();
  for (const [key, event] of before) environment.journal.acknowledged.set(key, event);
  await expectClicks(before.size);
  await clicks(2);
  await untilHealthy(environment);
  await expectClicks(before.size + 2);
  await expectExact(environment);
});

test('after a backup, the loss of Postgres, NATS and all processes, and a restore, each acknowledged click counts once', async () => {
  const { stack, nats, journal, admin } = environment;
  await expectExact(environment);
  const recorded = journal.acknowledged.size;
  stack.consumer.pause();
  await clicks(3);
  const folder = join(testServers.folder, 'backup');
  await takeBackup({ folder, postgres: postgres.env, nats: nats.env });
  const promised = new Map(journal.acknowledged);
  stack.consumer.resume();
  await clicks(2);
  // Redis keeps the counters of clicks that the restore takes back.
  await expectClicks(recorded + 5);
  const services = SERVICE_NAMES.map((name) => stack[name]);
  await Promise.all([...services, postgres, nats].map((process) => process.kill()));
  const folders = { postgres: dirname(dataFolder), nats: dirname(nats.logFile) };
  for (const lost of Object.values(folders)) rmSync(lost, { recursive: true });
  for (const empty of Object.values(folders)) mkdirSync(empty);
  const manifest = await verifyBackup(folder);
  await restorePostgresFiles(folder, manifest, folders.postgres);
  await Promise.all([postgres.start(), nats.start()]);
  await waitFor(() => admin.nats.flush().then(() => true), { timeoutMs: 10_000, what: 'a connection to NATS' });
  await restoreStreams(folder, manifest, admin.nats);
  await Promise.all(services.map((service) => service.start()));
  const later = [...journal.acknowledged].filter(([key]) => !promised.has(key));
  for (const [key] of later) journal.acknowledged.delete(key);
  await expectClicks(recorded + 3);
  // Clients send what the restore took back, and an event that it did not.
  for (const [key, { adId }] of [...later, ...[...promised].slice(-1)]) {
    await environment.send({ kind: 'click', id: key.split(' ')[1] ?? '', adId });
  }
  await expectExact(environment);
  expect(journal.acknowledged.size).toBe(recorded + 5);
}, 120_000);

test('two environments on one Redis neither share counters nor delete those of the other', async () => {
  const own = environment.journal.acknowledged.size;
  const nats = await testServers.nats();
  const env = await testServers.database();
  const stack = await testServers.stack({ ...environment.redis.env, ...nats.env, ...UNLIMITED, ...env });
  const other = await attachEnvironment(testServers, { stack, redis: environment.redis, nats, postgres: env });
  await expectClicks(0, other);
  await clicks(3, other);
  await expectExact(other);
  await expectClicks(3, other);
  await expectClicks(own);
  await expectExact(environment);
}, 90_000);

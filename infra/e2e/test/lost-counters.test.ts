import { ACCEPTED, readLedger } from '@ads/harness';
import { openTestServers, waitFor } from '@ads/local';
import { epochKey, MARKS_STEM, totalsKey } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openEnvironment, untilTrusted } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { type AnalyticsWatch, newEvent, startPlayers, watchAnalytics } from './support/players.js';

const testServers = openTestServers();
let environment: Environment;

/** This ad gets no clicks while counters are lost, so only a rebuild restores its counters. */
const QUIET_AD = 'ad-003';

beforeAll(async () => {
  environment = await openEnvironment(testServers, await testServers.database());
  for (let click = 0; click < 5; click += 1)
    expect((await environment.send(newEvent('click', QUIET_AD))).status).toBe(202);
  await expectExact(environment);
});

afterAll(() => testServers.release());

function watchAll(): AnalyticsWatch {
  return watchAnalytics(environment, [QUIET_AD, 'ad-001', QUIET_AD, 'ad-002']);
}

test('after FLUSHALL under live traffic answers are never zero, never decrease, and come from Redis again', async () => {
  const players = startPlayers(environment);
  const watch = watchAll();
  for (let round = 0; round < 3; round += 1) {
    await untilTrusted(environment, QUIET_AD);
    await players.more(80);
    await environment.admin.redis.flushall();
    await watch.more(20);
  }
  await untilTrusted(environment, QUIET_AD);
  await players.stop();
  await expectExact(environment);
  await watch.more(10);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
  // Both sources must have answered during the test.
  expect([...watch.sources.keys()].sort()).toEqual(['postgres', 'redis']);
});

test('after the loss of the epoch and one key of totals answers are never zero and never decrease', async () => {
  const watch = watchAll();
  const ledger = await readLedger(environment.admin.database);
  await environment.admin.redis.del(epochKey(MARKS_STEM, ledger), totalsKey(ledger, QUIET_AD));
  await watch.more(20);
  await untilTrusted(environment, QUIET_AD);
  await expectExact(environment);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('when Redis is killed and returns empty under live traffic, answers are never zero and never decrease', async () => {
  const players = startPlayers(environment);
  const watch = watchAll();
  await players.more(50);
  await environment.redis.kill();
  await players.more(100);
  await watch.more(40);
  expect((await environment.analytics(QUIET_AD)).source).toBe('postgres');
  await environment.redis.start();
  await players.more(50);
  await untilTrusted(environment, QUIET_AD);
  await players.stop();
  await expectExact(environment);
  await watch.more(10);
  await watch.stop();
  expect(players.refusals).toEqual([]);
  // Clicks don't need Redis.
  expect([...players.outcomes.keys()]).toEqual([ACCEPTED]);
  expect(watch.complaints).toEqual([]);
});

test('when Redis restarts from an old dump, its counters are not trusted, and answers stay exact', async () => {
  await environment.admin.redis.save();
  for (let click = 0; click < 5; click += 1)
    expect((await environment.send(newEvent('click', QUIET_AD))).status).toBe(202);
  await expectExact(environment);
  const watch = watchAll();
  await watch.more(5);
  await environment.redis.kill();
  await environment.redis.start();
  await untilTrusted(environment, QUIET_AD);
  await expectExact(environment);
  await watch.more(10);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('while Redis hangs, analytics answers exactly from Postgres', async () => {
  environment.redis.pause();
  try {
    const event = newEvent('click', QUIET_AD);
    expect((await environment.send(event)).status).toBe(202);
    const clicks = [...environment.journal.acknowledged.values()].filter(({ adId }) => adId === QUIET_AD).length;
    const wanted = {
      ad_id: QUIET_AD,
      total_clicks: clicks,
      impressions: 0,
      ctr: null,
      time_frames: { last_1_hour: clicks, last_24_hours: clicks },
    };
    await waitFor(
      async () => {
        expect(await environment.analytics(QUIET_AD)).toMatchObject({ ...wanted, source: 'postgres' });
        return true;
      },
      { timeoutMs: 20_000, what: 'the click to be answered from Postgres' },
    );
  } finally {
    environment.redis.resume();
  }
  await expectExact(environment);
});

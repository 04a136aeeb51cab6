import { openTestServers, waitFor } from '@ads/local';
import { epochKey, MARKS_STEM, totalsKey } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerOf, expectExact, totalsOf } from './support/exactness.js';
import { newEvent, startPlayers } from './support/players.js';
import { openScene, type Scene, untilTrusted } from './support/scene.js';
import { type AnalyticsWatch, watchAnalytics } from './support/watch-analytics.js';

const testServers = openTestServers();
let scene: Scene;

/** Nobody clicks on it while counters are lost: nothing but a rebuild brings its counters back. */
const QUIET_AD = 'ad-003';

beforeAll(async () => {
  scene = await openScene(testServers, await testServers.database());
  for (let click = 0; click < 5; click += 1) expect((await scene.send(newEvent('click', QUIET_AD))).status).toBe(202);
  await expectExact(scene);
});

afterAll(() => testServers.release());

function watchAll(): AnalyticsWatch {
  return watchAnalytics(scene, [QUIET_AD, 'ad-001', QUIET_AD, 'ad-002']);
}

test('FLUSHALL under live traffic: never zeros, never backwards, and soon from Redis again', async () => {
  const players = startPlayers(scene);
  const watch = watchAll();
  for (let round = 0; round < 3; round += 1) {
    await untilTrusted(scene, QUIET_AD);
    await players.more(80);
    await scene.counters.flushall();
    await watch.more(20);
  }
  await untilTrusted(scene, QUIET_AD);
  await players.stop();
  await expectExact(scene);
  await watch.more(10);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
  // Both must have been asked, or this test has seen nothing.
  expect([...watch.sources.keys()].sort()).toEqual(['postgres', 'redis']);
});

test('single keys lost with the epoch: the same', async () => {
  const watch = watchAll();
  const ledger = await scene.identity();
  await scene.counters.del(epochKey(MARKS_STEM, ledger), totalsKey(ledger, QUIET_AD));
  await watch.more(20);
  await untilTrusted(scene, QUIET_AD);
  await expectExact(scene);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('Redis killed, away for a while, and back empty under live traffic: the same', async () => {
  const players = startPlayers(scene);
  const watch = watchAll();
  await players.more(50);
  await scene.redis.kill();
  await players.more(100);
  await watch.more(40);
  expect((await scene.analytics(QUIET_AD)).source).toBe('postgres');
  await scene.redis.start();
  await players.more(50);
  await untilTrusted(scene, QUIET_AD);
  await players.stop();
  await expectExact(scene);
  await watch.more(10);
  await watch.stop();
  expect(players.refusals).toEqual([]);
  // Clicks don't need Redis.
  expect([...players.outcomes.keys()]).toEqual(['202']);
  expect(watch.complaints).toEqual([]);
});

test('Redis restarted from an old dump: it is not believed, and the same', async () => {
  await scene.counters.save();
  for (let click = 0; click < 5; click += 1) expect((await scene.send(newEvent('click', QUIET_AD))).status).toBe(202);
  await expectExact(scene);
  const watch = watchAll();
  await watch.more(5);
  await scene.redis.kill();
  await scene.redis.start();
  await untilTrusted(scene, QUIET_AD);
  await expectExact(scene);
  await watch.more(10);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('Redis hangs: analytics answers from Postgres, and right', async () => {
  scene.redis.pause();
  try {
    const event = newEvent('click', QUIET_AD);
    expect((await scene.send(event)).status).toBe(202);
    const wanted = answerOf(QUIET_AD, totalsOf(scene).get(QUIET_AD) ?? { clicks: 0, impressions: 0 });
    await waitFor(
      async () => {
        expect(await scene.analytics(QUIET_AD)).toMatchObject({ ...wanted, source: 'postgres' });
        return true;
      },
      { timeoutMs: 20_000, what: 'the click to be answered from Postgres' },
    );
  } finally {
    scene.redis.resume();
  }
  await expectExact(scene);
});

import { readLedger, UNLIMITED } from '@ads/harness';
import { type LocalProcess, openTestServers, type RedisCluster, waitFor } from '@ads/local';
import { totalsKey } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  attachEnvironment,
  type Environment,
  QUICK_TIMEOUTS,
  untilHealthy,
  untilTrusted,
} from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { type AnalyticsWatch, newEvent, startPlayers, watchAnalytics } from './support/players.js';

const testServers = openTestServers();
let cluster: RedisCluster;
let environment: Environment;

/** This ad gets no clicks while a primary is unavailable, so only a rebuild restores its counters. */
const QUIET_AD = 'ad-003';

beforeAll(async () => {
  const [postgres, nats] = await Promise.all([testServers.database(), testServers.nats()]);
  cluster = await testServers.redisCluster();
  const env = { ...postgres, ...nats.env, ...cluster.env, ...UNLIMITED, ...QUICK_TIMEOUTS };
  const stack = await testServers.stack(env);
  const [first] = cluster.nodes as [LocalProcess];
  environment = await attachEnvironment(testServers, {
    stack,
    redis: first,
    redisNodes: cluster.nodes,
    nats,
    postgres,
  });
  for (let click = 0; click < 5; click += 1)
    expect((await environment.send(newEvent('click', QUIET_AD))).status).toBe(202);
  await expectExact(environment);
});

afterAll(() => testServers.release());

function watchAll(): AnalyticsWatch {
  return watchAnalytics(environment, [QUIET_AD, 'ad-001', QUIET_AD, 'ad-002']);
}

/** The primary of an ad. */
async function primaryOf(adId: string): Promise<LocalProcess> {
  for (const node of await cluster.primaries()) {
    const redis = new Redis({ host: node.host, port: node.port });
    // All other nodes answer MOVED.
    const there = await redis.exists(totalsKey(await readLedger(environment.admin.database), adId)).catch(() => 0);
    redis.disconnect();
    if (there === 1) return node;
  }
  throw new Error(`no primary has ${adId}`);
}

async function replaced(primary: LocalProcess): Promise<void> {
  await waitFor(async () => (await cluster.primaries()).filter((node) => node !== primary).length === 3, {
    timeoutMs: 20_000,
    what: 'a replica to take over',
  });
}

async function expectHealed(watch: AnalyticsWatch): Promise<void> {
  await untilHealthy(environment);
  await untilTrusted(environment, QUIET_AD);
  await watch.more(20);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
  // Both sources must have answered during the test.
  expect([...watch.sources.keys()].sort()).toEqual(['postgres', 'redis']);
}

test('when a primary is killed under live traffic, no answer is zero, and counts are exact again after the failover', async () => {
  const players = startPlayers(environment);
  const watch = watchAll();
  await players.more(50);
  const primary = await primaryOf(QUIET_AD);
  await primary.kill();
  await replaced(primary);
  await players.more(100);
  await primary.start();
  await players.more(50);
  await players.stop();
  await expectExact(environment);
  await expectHealed(watch);
});

test('when a primary loses its data under live traffic, no answer is zero, and counts become exact again', async () => {
  for (const adId of [QUIET_AD, 'ad-001', 'ad-002']) {
    const players = startPlayers(environment);
    const watch = watchAll();
    await players.more(50);
    const { host, port } = await primaryOf(adId);
    const redis = new Redis({ host, port });
    await redis.ping();
    const flushed = redis.flushall();
    // The frozen consumer cannot fill the counters again before Postgres has answered.
    environment.stack.consumer.pause();
    try {
      await flushed;
      await waitFor(async () => watch.sources.has('postgres'), { timeoutMs: 10_000, what: 'an answer from Postgres' });
    } finally {
      environment.stack.consumer.resume();
    }
    redis.disconnect();
    await players.more(50);
    await players.stop();
    await expectExact(environment);
    await expectHealed(watch);
  }
});

test('when a frozen primary returns after a failover, no answer is zero, and counts become exact again', async () => {
  const players = startPlayers(environment);
  const watch = watchAll();
  await players.more(50);
  const primary = await primaryOf('ad-001');
  primary.pause();
  try {
    await waitFor(async () => (await environment.analytics('ad-001')).source === 'postgres', {
      timeoutMs: 10_000,
      what: 'analytics to notice',
    });
    await untilTrusted(environment, 'ad-001');
    await players.more(50);
  } finally {
    primary.resume();
  }
  await players.more(100);
  await players.stop();
  await expectExact(environment);
  await expectHealed(watch);
});

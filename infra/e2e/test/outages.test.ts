import { type LocalProcess, openTestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { expectExact } from './support/exactness.js';
import { call, json } from './support/http.js';
import { newEvent, readMetrics, startPlayers } from './support/players.js';
import { healthOf, openScene, QUICK_TIMEOUTS, type Scene, untilHealthy } from './support/scene.js';
import { watchAnalytics } from './support/watch-analytics.js';

const testServers = openTestServers();
let scene: Scene;
let postgres: LocalProcess;

beforeAll(async () => {
  postgres = await testServers.postgres();
  scene = await openScene(testServers, { ...postgres.env, ...QUICK_TIMEOUTS });
});

beforeEach(() => untilHealthy(scene));

afterAll(() => testServers.release());

/** Waits until a service says of itself that this one server is away. */
async function untilBlamed(service: LocalProcess, dependency: string): Promise<void> {
  const what = `${service.name} to call ${dependency} down`;
  await waitFor(
    async () => {
      const { status, code, dependencies } = await healthOf(service);
      const others = Object.entries(dependencies).filter(([name]) => name !== dependency);
      expect({ status, code }).toEqual({ status: 'degraded', code: 200 });
      expect(others.map(([, other]) => other.status)).toEqual(others.map(() => 'up'));
      return dependencies[dependency]?.status === 'down';
    },
    { timeoutMs: 20_000, what },
  );
}

/** Waits until a service that has much to ask of a server has stopped asking. */
async function untilBreakerOpens(service: LocalProcess, dependency: string): Promise<void> {
  const open = new RegExp(`^circuit_breaker_state\\{[^}]*dependency="${dependency}"[^}]*\\} 2$`, 'm');
  await waitFor(async () => open.test(await readMetrics(`http://${service.host}:${service.port}`)), {
    timeoutMs: 20_000,
    what: `the breaker of ${dependency} in ${service.name} to open`,
  });
}

test('NATS away and back under load: clicks go on, /health says what is wrong, and all is counted', async () => {
  const players = startPlayers(scene);
  const watch = watchAnalytics(scene, ['ad-001', 'ad-002']);
  await players.more(50);
  await scene.nats.kill();
  await players.more(100);
  await untilBreakerOpens(scene.stack.ingest, 'nats');
  await Promise.all([untilBlamed(scene.stack.ingest, 'nats'), untilBlamed(scene.stack.consumer, 'nats')]);
  await scene.nats.start();
  await untilHealthy(scene);
  const taken = await scene.jetstream.taken();
  await players.more(100);
  // They go through the queue again.
  expect(await scene.jetstream.taken()).toBeGreaterThan(taken);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(scene);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('Postgres away and back under load: clicks go on, ads and analytics are answered, and all is counted', async () => {
  const players = startPlayers(scene);
  await players.more(50);
  const watch = watchAnalytics(scene, ['ad-001', 'ad-002']);
  await watch.more(4);
  await postgres.kill();
  await players.more(200);
  await untilBreakerOpens(scene.stack.consumer, 'postgres');
  await untilBlamed(scene.stack.consumer, 'postgres');
  const ads = await call(`${scene.stack.url}/api/v1/ads`);
  expect(ads.status).toBe(200);
  expect(json<{ count: number }>(ads).count).toBe(3);
  expect((await scene.analytics('ad-001')).source).toBe('redis');
  // Nobody could record them: they wait in the queue.
  expect(await scene.jetstream.held()).toBeGreaterThan(0);
  await postgres.start();
  await players.more(50);
  await players.stop();
  expect([...players.outcomes.keys()]).toEqual(['202']);
  await expectExact(scene);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('Redis away and back: each service says so, and heals', async () => {
  const { ingest, consumer, analytics } = scene.stack;
  const watch = watchAnalytics(scene, ['ad-001']);
  await scene.redis.kill();
  await Promise.all([ingest, consumer, analytics].map((service) => untilBlamed(service, 'redis')));
  await untilBreakerOpens(analytics, 'redis');
  expect((await scene.analytics('ad-001')).source).toBe('postgres');
  await scene.redis.start();
  await untilHealthy(scene);
  await expectExact(scene);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('NATS and Postgres away: ingest is unhealthy, still shows the ads, and heals', async () => {
  await Promise.all([scene.nats.kill(), postgres.kill()]);
  await waitFor(async () => (await healthOf(scene.stack.ingest)).code === 503, {
    timeoutMs: 20_000,
    what: 'ingest to be unhealthy',
  });
  expect((await healthOf(scene.stack.ingest)).status).toBe('unhealthy');
  const ready = await call(`http://127.0.0.1:${scene.stack.ingest.port}/ready`);
  expect(ready.status).toBe(503);
  expect((await call(`${scene.stack.url}/api/v1/ads`)).status).toBe(200);
  expect((await scene.send(newEvent())).status).toBe(503);
  await Promise.all([scene.nats.start(), postgres.start()]);
  await untilHealthy(scene);
  expect((await scene.send(newEvent())).status).toBe(202);
});

test('all three servers restarted at once under load: players retry, and all is counted', async () => {
  const players = startPlayers(scene);
  await players.more(100);
  const servers = [scene.nats, scene.redis, postgres];
  await Promise.all(servers.map((server) => server.kill()));
  await Promise.all(servers.map((server) => server.start()));
  await players.more(100);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(scene);
});

import { ACCEPTED, openLiveReader } from '@ads/harness';
import { type LocalProcess, openTestServers, SERVICE_NAMES, waitFor } from '@ads/local';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Environment, healthOf, openStoppableEnvironment, untilHealthy } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { call, json } from './support/http.js';
import { newEvent, readMetrics, startPlayers, watchAnalytics } from './support/players.js';

const testServers = openTestServers();
let environment: Environment;
let postgres: LocalProcess;

beforeAll(async () => {
  ({ environment, postgres } = await openStoppableEnvironment(testServers));
});

beforeEach(() => untilHealthy(environment));

afterAll(() => testServers.release());

/** Waits until /health of a service shows that this one server is down. */
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

/** Waits until the circuit breaker of a busy service has opened. */
async function untilBreakerOpens(service: LocalProcess, dependency: string): Promise<void> {
  const open = new RegExp(`^circuit_breaker_state\\{[^}]*dependency="${dependency}"[^}]*\\} 2$`, 'm');
  await waitFor(async () => open.test(await readMetrics(`http://${service.host}:${service.port}`)), {
    timeoutMs: 20_000,
    what: `the breaker of ${dependency} in ${service.name} to open`,
  });
}

test('during an outage of NATS under load clicks are accepted, /health shows the reason, and all events are counted', async () => {
  const players = startPlayers(environment);
  const watch = watchAnalytics(environment, ['ad-001', 'ad-002']);
  await players.more(50);
  await environment.nats.kill();
  await players.more(100);
  await untilBreakerOpens(environment.stack.ingest, 'nats');
  await Promise.all([untilBlamed(environment.stack.ingest, 'nats'), untilBlamed(environment.stack.consumer, 'nats')]);
  await environment.nats.start();
  await untilHealthy(environment);
  const taken = await environment.jetstream.taken();
  await players.more(100);
  // Events go through JetStream again.
  expect(await environment.jetstream.taken()).toBeGreaterThan(taken);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(environment);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('during an outage of Postgres under load clicks, ads and analytics are answered, and all events are counted', async () => {
  const players = startPlayers(environment);
  await players.more(50);
  const watch = watchAnalytics(environment, ['ad-001', 'ad-002']);
  await watch.more(4);
  await postgres.kill();
  await players.more(200);
  await untilBreakerOpens(environment.stack.consumer, 'postgres');
  await untilBlamed(environment.stack.consumer, 'postgres');
  const ads = await call(`${environment.stack.url}/api/v1/ads`);
  expect(ads.status).toBe(200);
  expect(json<{ count: number }>(ads).count).toBe(3);
  expect((await environment.analytics('ad-001')).source).toBe('redis');
  // The events wait in the stream, as Postgres cannot record them.
  expect(await environment.jetstream.held()).toBeGreaterThan(0);
  await postgres.start();
  await players.more(50);
  await players.stop();
  expect([...players.outcomes.keys()]).toEqual([ACCEPTED]);
  await expectExact(environment);
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('after an outage of Redis, which each service reports, all services are healthy again', async () => {
  const watch = watchAnalytics(environment, ['ad-001']);
  const live = await openLiveReader(`${environment.stack.url}/api/v1/ads/analytics/live?ad_id=ad-001`);
  await environment.redis.kill();
  await Promise.all(SERVICE_NAMES.map((name) => untilBlamed(environment.stack[name], 'redis')));
  await untilBreakerOpens(environment.stack.analytics, 'redis');
  const { source, total_clicks: before } = await environment.analytics('ad-001');
  expect(source).toBe('postgres');
  expect((await environment.send(newEvent())).status).toBe(202);
  await live.until(({ data }) => data.ads?.[0]?.total_clicks === before + 1, 'the click in the live stream');
  await environment.redis.start();
  await untilHealthy(environment);
  await expectExact(environment);
  await live.until(
    (event) => event.data.source === 'redis' && live.events.indexOf(event) > 1,
    'Redis in the live stream',
  );
  const totals = live.events.map(({ data }) => data.ads?.[0]?.total_clicks ?? 0);
  expect(totals).toEqual([...totals].sort((one, other) => one - other));
  expect(totals.at(-1)).toBe((await environment.analytics('ad-001')).total_clicks);
  live.close();
  await watch.stop();
  expect(watch.complaints).toEqual([]);
});

test('while NATS and Postgres are unavailable, ingest is unhealthy and still lists the ads; it recovers afterwards', async () => {
  await Promise.all([environment.nats.kill(), postgres.kill()]);
  await waitFor(async () => (await healthOf(environment.stack.ingest)).code === 503, {
    timeoutMs: 20_000,
    what: 'ingest to be unhealthy',
  });
  expect((await healthOf(environment.stack.ingest)).status).toBe('unhealthy');
  const ready = await call(`http://127.0.0.1:${environment.stack.ingest.port}/ready`);
  expect(ready.status).toBe(503);
  expect((await call(`${environment.stack.url}/api/v1/ads`)).status).toBe(200);
  expect((await environment.send(newEvent())).status).toBe(503);
  await Promise.all([environment.nats.start(), postgres.start()]);
  await untilHealthy(environment);
  expect((await environment.send(newEvent())).status).toBe(202);
});

test('after a restart of all three servers under load, the retries of players succeed and all events are counted', async () => {
  const players = startPlayers(environment);
  await players.more(100);
  const servers = [environment.nats, environment.redis, postgres];
  await Promise.all(servers.map((server) => server.kill()));
  await Promise.all(servers.map((server) => server.start()));
  await players.more(100);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(environment);
});

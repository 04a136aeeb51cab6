import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACCEPTED, openLiveReader } from '@ads/harness';
import { type LocalProcess, openTestServers, waitFor } from '@ads/local';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Environment, openEnvironment, untilHealthy, untilTrusted } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { type Answer, call } from './support/http.js';
import { newEvent, startPlayers } from './support/players.js';

const IN_GOOD_ORDER = { code: 0, signal: null };

const testServers = openTestServers();
let environment: Environment;

beforeAll(async () => {
  // Long enough that events still wait for NATS when the service gets its signal.
  environment = await openEnvironment(testServers, { ...(await testServers.database()), NATS_TIMEOUT_MS: '8000' });
});

beforeEach(() => untilHealthy(environment));

afterEach(() => {
  environment.nats.resume();
  environment.redis.resume();
});

afterAll(() => testServers.release());

const urlOf = ({ host, port }: LocalProcess) => `http://${host}:${port}`;

/** Waits until a service accepts no more traffic: it is not ready or does not listen. */
async function untilNotReady(service: LocalProcess): Promise<void> {
  await waitFor(
    async () => {
      try {
        return (await call(`${urlOf(service)}/ready`)).status === 503;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      }
    },
    { timeoutMs: 20_000, what: `${service.name} to be no longer ready` },
  );
}

test('ingest finishes open requests before it exits', async () => {
  const { ingest } = environment.stack;
  environment.nats.pause();
  const agent = new Agent({ keepAlive: true });
  const events = Array.from({ length: 50 }, () => newEvent());
  const answers: Promise<Answer>[] = events.map((event) => environment.send(event, { url: urlOf(ingest), agent }));
  // This request is answered after the others, so all of them have arrived.
  await call(`${urlOf(ingest)}/live`);
  const stopped = ingest.stop();
  await untilNotReady(ingest);
  environment.nats.resume();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(events.map(() => 202));
  expect(await stopped).toEqual(IN_GOOD_ORDER);
  agent.destroy();
  await ingest.start();
  await expectExact(environment);
});

test('ingest stopped under load cuts off no accepted request and loses no acknowledged event', async () => {
  const { ingest } = environment.stack;
  const players = startPlayers(environment, { url: () => urlOf(ingest) });
  for (let round = 0; round < 2; round += 1) {
    await players.more(100);
    expect(await ingest.stop()).toEqual(IN_GOOD_ORDER);
    await ingest.start();
  }
  await players.more(50);
  await players.stop();
  expect(players.refusals).toEqual([]);
  expect([...players.outcomes.keys()].filter((outcome) => ![ACCEPTED, 'ECONNREFUSED'].includes(outcome))).toEqual([]);
  await expectExact(environment);
});

test('the consumer stopped under load returns its messages to the queue at once', async () => {
  const { consumer } = environment.stack;
  const players = startPlayers(environment);
  for (let round = 0; round < 2; round += 1) {
    await players.more(100);
    const stopped = consumer.stop();
    await untilNotReady(consumer);
    expect(await stopped).toEqual(IN_GOOD_ORDER);
    await consumer.start();
  }
  await players.stop();
  expect([...players.outcomes.keys()]).toEqual([ACCEPTED]);
  // Well below the ack wait of 30 s, after which JetStream would redeliver without a return.
  await expectExact(environment, { timeoutMs: 15_000 });
});

test('analytics finishes open requests before it exits', async () => {
  const { analytics } = environment.stack;
  await untilTrusted(environment);
  const url = `${urlOf(analytics)}/api/v1/ads/analytics?ad_id=ad-001`;
  environment.redis.pause();
  const agent = new Agent({ keepAlive: true });
  const answers = Array.from({ length: 30 }, () => call(url, { agent }));
  await call(`${urlOf(analytics)}/live`);
  const stopped = analytics.stop();
  await untilNotReady(analytics);
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(answers.map(() => 200));
  expect(await stopped).toEqual(IN_GOOD_ORDER);
  environment.redis.resume();
  agent.destroy();
  await analytics.start();
});

test('analytics ends live streams at once, and a reader that reconnects gets the present state', async () => {
  const { analytics } = environment.stack;
  const open = (headers = {}) => openLiveReader(`${urlOf(analytics)}/api/v1/ads/analytics/live?ad_id=ad-001`, headers);
  const reader = await open();
  const { id } = await reader.until(() => true, 'the first state');
  const since = performance.now();
  expect(await analytics.stop()).toEqual(IN_GOOD_ORDER);
  // An open request would delay the exit by 10 s.
  expect(performance.now() - since).toBeLessThan(8_000);
  await waitFor(() => reader.isEnded(), { timeoutMs: 5_000, what: 'the stream to end' });
  await environment.send(newEvent());
  await analytics.start();
  const again = await open({ 'Last-Event-ID': id });
  const { total_clicks: expected } = await environment.analytics('ad-001');
  await again.until(({ data }) => data.ads?.[0]?.total_clicks === expected, 'the present state');
  expect(again.events.map((event) => event.id > id)).toEqual(again.events.map(() => true));
  again.close();
});

test('analytics stopped under load cuts off no accepted request', async () => {
  const { analytics } = environment.stack;
  const url = `${urlOf(analytics)}/api/v1/ads/analytics?ad_id=ad-001`;
  const outcomes = new Map<string, number>();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let reading = true;
  testServers.onRelease(() => {
    reading = false;
  });
  const readers = Array.from({ length: 8 }, async () => {
    while (reading) {
      const outcome = await call(url, { agent }).then(
        (answer) => String(answer.status),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await sleep(2);
    }
  });
  for (let round = 0; round < 2; round += 1) {
    const target = (outcomes.get('200') ?? 0) + 100;
    await waitFor(() => (outcomes.get('200') ?? 0) >= target, { timeoutMs: 20_000, what: 'answers of analytics' });
    expect(await analytics.stop()).toEqual(IN_GOOD_ORDER);
    await analytics.start();
  }
  reading = false;
  await Promise.all(readers);
  agent.destroy();
  expect([...outcomes.keys()].filter((outcome) => !['200', 'ECONNREFUSED'].includes(outcome))).toEqual([]);
});

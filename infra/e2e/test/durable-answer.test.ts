import { type LocalProcess, openTestServers, waitFor } from '@ads/local';
import { decodeEvents, EVENT_STREAM } from '@ads/models';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Environment, openStoppableEnvironment, type SentEvent, untilHealthy } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { type Answer, json } from './support/http.js';
import { newEvent, sendUntilAcknowledged, startPlayers } from './support/players.js';

/** Both timeouts together in milliseconds, with room for a busy machine. */
const BOUND_MS = 6_000;

const testServers = openTestServers();
let environment: Environment;
let postgres: LocalProcess;

beforeAll(async () => {
  const env = { INGEST_QUEUE_EVENTS: '20', INGEST_BATCHES_IN_FLIGHT: '1' };
  ({ environment, postgres } = await openStoppableEnvironment(testServers, env));
});

beforeEach(() => untilHealthy(environment));

afterEach(() => {
  environment.nats.resume();
  postgres.resume();
});

afterAll(() => testServers.release());

async function rowsOf({ id }: SentEvent): Promise<number> {
  return (await environment.admin.database.query('SELECT FROM ad_events WHERE id = $1', [id])).rowCount ?? 0;
}

/** The ids of all events in the stream, pulled or not. */
async function idsInStream(): Promise<string[]> {
  const manager = environment.jetstream.manager();
  const { first_seq, last_seq, messages } = (await manager.streams.info(EVENT_STREAM)).state;
  if (messages === 0) return [];
  const ids: string[] = [];
  for (let seq = first_seq; seq <= last_seq; seq += 1) {
    const decoded = decodeEvents((await manager.streams.getMessage(EVENT_STREAM, { seq })).data);
    if (decoded.state === 'decoded') ids.push(...decoded.events.map((event) => event.id));
  }
  return ids;
}

function expectUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  expect(json(answer)).toMatchObject({ error: 'unavailable', request_id: answer.headers['x-request-id'] });
}

test('while no store accepts events, ingest soon answers 503 with Retry-After', async () => {
  environment.nats.pause();
  postgres.pause();
  const began = performance.now();
  const events = Array.from({ length: 5 }, () => newEvent());
  const answers = await Promise.all(events.map((event) => environment.send(event)));
  expect(performance.now() - began).toBeLessThan(BOUND_MS);
  for (const answer of answers) expectUnavailable(answer);

  environment.nats.resume();
  postgres.resume();
  // A refused event may have been stored, and its retry counts once.
  await Promise.all(events.map((event) => sendUntilAcknowledged(environment, event)));
  await expectExact(environment);
});

test('when its queue is full, ingest answers 503 with Retry-After, and retries lose no event', async () => {
  environment.nats.pause();
  postgres.pause();
  const events = Array.from({ length: 300 }, () => newEvent());
  const answers = await Promise.all(events.map((event) => environment.send(event)));
  for (const answer of answers) expectUnavailable(answer);

  environment.nats.resume();
  postgres.resume();
  // Few enough at a time to fit into the queue.
  for (let first = 0; first < events.length; first += 10) {
    await Promise.all(events.slice(first, first + 10).map((event) => sendUntilAcknowledged(environment, event)));
  }
  await expectExact(environment);
});

test('while Postgres is unavailable, a 202 means that the stream stores the event until Postgres is back', async () => {
  postgres.pause();
  const events = [newEvent(), newEvent('impression')];
  for (const event of events) expect((await environment.send(event)).status).toBe(202);
  expect(await idsInStream()).toEqual(expect.arrayContaining(events.map((event) => event.id)));

  postgres.resume();
  await expectExact(environment);
});

test('while NATS is unavailable, a 202 means that the row is in Postgres', async () => {
  await environment.nats.kill();
  try {
    const players = startPlayers(environment, { players: 4 });
    for (let sent = 0; sent < 20; sent += 1) {
      const event = newEvent(sent % 2 === 0 ? 'click' : 'impression');
      expect((await environment.send(event)).status).toBe(202);
      // Without waiting: the row must exist when the 202 arrives.
      expect(await rowsOf(event)).toBe(1);
    }
    await players.stop();
    expect(players.refusals).toEqual([]);
  } finally {
    await environment.nats.start();
  }
  await waitFor(async () => (await environment.jetstream.held()) === 0, { timeoutMs: 20_000, what: 'an empty queue' });
  await expectExact(environment);
});

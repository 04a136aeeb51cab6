import { type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { afterAll, expect, it } from '@jest/globals';

const testServers = openTestServers();
afterAll(testServers.release);

const SECONDS = 8;
/** Concurrent requests. */
const PLAYERS = 60;
/** Small enough that some requests wait behind the batches that hang. */
const BATCH = '5';

async function click(ingest: LocalProcess): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ingest.port}/api/v1/ads/click`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ad_id: 'ad-001' }),
  });
  await response.arrayBuffer();
  return response.status;
}

it('while NATS hangs, all events are accepted through Postgres, and each is counted once', async () => {
  const [nats, redis, database] = await Promise.all([testServers.nats(), testServers.redis(), testServers.database()]);
  const ingest = await testServers.service({
    name: 'ingest',
    env: { ...nats.env, ...redis.env, ...database, RATE_LIMIT_EVENTS_PER_MINUTE: '0', INGEST_BATCH_EVENTS: BATCH },
  });
  const pool = openPool(database);
  testServers.onRelease(() => pool.end());

  const outcomes = new Map<number, number>();
  const until = performance.now() + SECONDS * 1_000;
  const player = async () => {
    while (performance.now() < until) {
      const status = await click(ingest);
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
  };
  const players = Promise.all(Array.from({ length: PLAYERS }, player));
  await waitFor(() => (outcomes.get(202) ?? 0) > 1_000, { timeoutMs: 10_000, what: 'clicks to be accepted' });
  nats.pause();
  try {
    await players;
  } finally {
    nats.resume();
  }
  expect([...outcomes.keys()]).toEqual([202]);

  const accepted = outcomes.get(202) ?? 0;
  const consumer = await testServers.service({ name: 'consumer', env: { ...nats.env, ...redis.env, ...database } });
  const total = async () => {
    const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM ad_events');
    return rows[0]?.n ?? 0;
  };
  await waitFor(async () => (await total()) >= accepted, { timeoutMs: 20_000, what: 'all clicks to be recorded' });
  expect(await total()).toBe(accepted);
  expect(consumer.pid).toBeDefined();
}, 90_000);

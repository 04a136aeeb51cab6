import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { afterAll, expect, it } from '@jest/globals';
import { mmdb } from './mmdb.js';

const testServers = openTestServers();
afterAll(testServers.release);

/** Long enough for hanging batches to time out, and for others to go to Postgres at once. */
const SECONDS = 5;
/** Concurrent requests. */
const PLAYERS = 60;
/** Small enough that some requests wait behind the batches that hang. */
const BATCH = '5';

/** Addresses of viewers: of one in the body, of the other in the header of the proxy. */
const BODIES = [{ ad_id: 'ad-001', ip: '198.51.100.77' }, { ad_id: 'ad-001' }];
const CALLER = '203.0.113.99';
/** In a batch, beside an event of a player that knows the country. */
const BATCHED = [
  { kind: 'click', ad_id: 'ad-001' },
  { kind: 'start', ad_id: 'ad-001', country: 'CH' },
];
/** Only the whole addresses have these countries. */
const COUNTRIES = mmdb({
  '198.51.100.77/32': { country: { iso_code: 'NP' } },
  '203.0.113.99/32': { country: { iso_code: 'DE' } },
});
const STORED = ['click 198.51.100.0 NP', 'click 203.0.113.0 DE', 'start 203.0.113.0 CH'];

const click = (ingest: LocalProcess, body: object): Promise<number> => send(ingest, 'click', body);

async function send(ingest: LocalProcess, path: string, body: object): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ingest.port}/api/v1/ads/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': CALLER },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

it('while NATS hangs, all events are accepted through Postgres, counted once, and stored with countries, but without whole addresses', async () => {
  const [nats, redis, database] = await Promise.all([testServers.nats(), testServers.redis(), testServers.database()]);
  const countries = join(testServers.folder, 'countries.mmdb');
  writeFileSync(countries, COUNTRIES);
  const ingest = await testServers.service({
    name: 'ingest',
    env: {
      ...nats.env,
      ...redis.env,
      ...database,
      RATE_LIMIT_EVENTS_PER_MINUTE: '0',
      INGEST_BATCH_EVENTS: BATCH,
      TRUST_PROXY: 'loopback',
      IP_MODE: 'truncated',
      GEOIP_DB: countries,
      LOG_LEVEL: 'debug',
    },
  });
  const pool = openPool(database);
  testServers.onRelease(() => pool.end());

  const outcomes = new Map<number, number>();
  const until = performance.now() + SECONDS * 1_000;
  const player = async (_: unknown, index: number) => {
    const body = BODIES[index % BODIES.length] ?? {};
    while (performance.now() < until) {
      const status = await click(ingest, body);
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
  };
  const players = Promise.all(Array.from({ length: PLAYERS }, player));
  await waitFor(() => (outcomes.get(202) ?? 0) > 200, { timeoutMs: 10_000, what: 'clicks to be accepted' });
  nats.pause();
  try {
    expect(await send(ingest, 'events', BATCHED)).toBe(202);
    await players;
  } finally {
    nats.resume();
  }
  expect([...outcomes.keys()]).toEqual([202]);

  const accepted = (outcomes.get(202) ?? 0) + BATCHED.length;
  const consumer = await testServers.service({ name: 'consumer', env: { ...nats.env, ...redis.env, ...database } });
  const total = async () => {
    const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM ad_events');
    return rows[0]?.n ?? 0;
  };
  await waitFor(async () => (await total()) >= accepted, { timeoutMs: 20_000, what: 'all clicks to be recorded' });
  expect(await total()).toBe(accepted);
  expect(consumer.pid).toBeDefined();

  // From both ways into the database.
  const { rows } = await pool.query(
    `SELECT DISTINCT concat_ws(' ', kind, host(ip), country) AS stored FROM ad_events ORDER BY 1`,
  );
  expect(rows.map(({ stored }) => stored)).toEqual(STORED);
  expect(await click(ingest, { ad_id: 'ad-001', ip: `${CALLER}9` })).toBe(400);
  const log = () => readFileSync(ingest.logFile, 'utf8');
  await waitFor(() => log().includes('request.refused'), { timeoutMs: 5_000, what: 'the refusal to be logged' });
  expect(log()).not.toMatch(/203\.0\.113|198\.51\.100/);
}, 90_000);

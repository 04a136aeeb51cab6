import { Agent } from 'node:http';
import { type LocalProcess, openTestServers, waitFor } from '@ads/local';
import { DEAD_LETTER_STREAM, uuidv7 } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openStoppableEnvironment } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { call, json } from './support/http.js';
import { newEvent } from './support/players.js';

const ADS = 100_000;
const UNVERIFIED = 50;
/** Connections of one hostile client. Each sends one click after the other, each for another unknown ad. */
const CONNECTIONS = 100;

const testServers = openTestServers();
let environment: Environment;
let postgres: LocalProcess;

beforeAll(async () => {
  ({ environment, postgres } = await openStoppableEnvironment(testServers, {
    AD_CATALOGUE_TIMEOUT_MS: '2000',
    // No refresh during the tests: an ad is found by a look-up only.
    AD_CATALOGUE_REFRESH_SECONDS: '600',
    UNVERIFIED_EVENTS_PER_MINUTE: String(UNVERIFIED),
    RATE_LIMIT_EVENTS_PER_MINUTE: '0',
  }));
  await environment.admin.database.query(
    `INSERT INTO ads (id, image_url, target_url) SELECT 'ad-' || i, '', '' FROM generate_series(1000, ${ADS + 999}) i`,
  );
});
afterAll(() => testServers.release());

/** Sends clicks of unknown ads until it is stopped. Returns the number of responses per status, also `503 without Retry-After`. */
function flood(): { stop(): Promise<Record<string, number>>; sent(): number } {
  const counts: Record<string, number> = {};
  let stopped = false;
  let sent = 0;
  const send = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      sent += 1;
      const { status, headers } = await call(`${ingestUrl()}/api/v1/ads/click`, {
        method: 'POST',
        agent,
        body: { ad_id: `nobody-${uuidv7(Date.now())}` },
        headers: { 'X-Forwarded-For': '203.0.113.66' },
      });
      const name = status === 503 && !headers['retry-after'] ? '503 without Retry-After' : String(status);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    agent.destroy();
  };
  const sending = Promise.all(Array.from({ length: CONNECTIONS }, send));
  return {
    sent: () => sent,
    async stop() {
      stopped = true;
      await sending;
      return counts;
    },
  };
}

const ingestUrl = () => `http://127.0.0.1:${environment.stack.ingest.port}`;

async function metric(pattern: RegExp): Promise<number> {
  const { text } = await call(`${ingestUrl()}/metrics`);
  return Number(pattern.exec(text)?.[1] ?? 0);
}
const queries = (operation: string) =>
  metric(new RegExp(`^database_operations_total\\{operation="${operation}",status="ok".*\\} (\\d+)$`, 'm'));

test('a flood of unknown ads is refused, and delays neither known ads nor a new one', async () => {
  const before = { pages: await queries('read_ad_ids'), lookUps: await queries('look_up_ads') };
  const attack = flood();
  await waitFor(() => attack.sent() > 500, { what: 'the flood to begin', timeoutMs: 60_000 });
  for (let i = 0; i < 5; i += 1) {
    const id = `ad-new-${i}`;
    await environment.admin.database.query(`INSERT INTO ads (id, image_url, target_url) VALUES ($1, '', '')`, [id]);
    expect((await environment.send(newEvent('click', id))).status).toBe(202);
    expect((await environment.send(newEvent('click', `ad-${1_000 + i}`))).status).toBe(202);
    expect((await environment.send(newEvent('click', 'ad-001'))).status).toBe(202);
  }
  const sent = attack.sent();
  expect(Object.keys(await attack.stop())).toEqual(['400']);
  // The whole catalogue is not read again, and one query looks up many ads.
  expect(await queries('read_ad_ids')).toBe(before.pages);
  expect((await queries('look_up_ads')) - before.lookUps).toBeLessThan(sent / 5);
  await expectExact(environment);
  expect(await environment.jetstream.held(DEAD_LETTER_STREAM)).toBe(0);
});

test('while the table of ads is locked, Postgres stays up in health, and failures of ad_catalogue are counted', async () => {
  const client = await environment.admin.database.connect();
  const health = async () =>
    json<{ status: string; dependencies: Record<string, { status: string }>; conditions?: Record<string, string> }>(
      await call(`${ingestUrl()}/health`),
    );
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE ads IN ACCESS EXCLUSIVE MODE');
    const failures = () => metric(/^dependency_failures_total\{dependency="ad_catalogue".*\} (\d+)$/m);
    const before = await failures();
    const stranger = await call(`${ingestUrl()}/api/v1/ads/click`, { method: 'POST', body: { ad_id: 'nobody' } });
    expect(stranger.status).toBe(202);
    await waitFor(async () => (await failures()) > before, { what: 'the failed look-up', timeoutMs: 30_000 });
    expect((await environment.send(newEvent('click', 'ad-001'))).status).toBe(202);
    expect((await health()).dependencies.postgres?.status).toBe('up');
    expect((await call(`${ingestUrl()}/api/v1/ads`)).status).toBe(200);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
  await expectExact(environment);
});

test('while Postgres is frozen, known ads are accepted at once, and unknown ones up to the limit', async () => {
  const letters = await environment.jetstream.held(DEAD_LETTER_STREAM);
  postgres.pause();
  let counts: Record<string, number>;
  try {
    const attack = flood();
    await waitFor(() => attack.sent() > 2_000, { what: 'the flood to begin', timeoutMs: 60_000 });
    for (let i = 0; i < 10; i += 1) expect((await environment.send(newEvent('click', 'ad-001'))).status).toBe(202);
    counts = await attack.stop();
  } finally {
    postgres.resume();
  }
  expect(Object.keys(counts).sort()).toEqual(['202', '503']);
  // The flood may touch two windows of the limit.
  expect(counts['202']).toBeLessThanOrEqual(2 * UNVERIFIED);
  expect(counts['202']).toBeGreaterThan(0);
  expect(await metric(/^ingest_unverified_events_total\{outcome="accepted".*\} (\d+)$/m)).toBe(
    (counts['202'] ?? 0) + 1,
  );
  await expectExact(environment);
  expect(await environment.jetstream.held(DEAD_LETTER_STREAM)).toBeGreaterThan(letters);
});

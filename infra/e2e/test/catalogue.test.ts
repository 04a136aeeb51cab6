import { type LocalProcess, openTestServers } from '@ads/local';
import { DEAD_LETTER_STREAM } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openStoppableEnvironment } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { call } from './support/http.js';
import { newEvent } from './support/players.js';

const testServers = openTestServers();
let environment: Environment;
let postgres: LocalProcess;

beforeAll(async () => {
  // No refresh during the tests: a new ad is found by a look-up only.
  const env = { AD_CATALOGUE_REFRESH_SECONDS: '600' };
  ({ environment, postgres } = await openStoppableEnvironment(testServers, env));
});

afterAll(() => testServers.release());

async function insertAd(id: string): Promise<void> {
  await environment.admin.database.query('INSERT INTO ads (id, image_url, target_url) VALUES ($1, $2, $2)', [
    id,
    'https://example.com/',
  ]);
}

test('a new ad is accepted from its first click on, and analytics knows it', async () => {
  await insertAd('ad-new');
  expect((await environment.send(newEvent('click', 'ad-new'))).status).toBe(202);
  expect((await environment.send(newEvent('impression', 'ad-new'))).status).toBe(202);
  await expectExact(environment);
});

test('a new ad is accepted from its first click on, also right after a look-up of a missing ad', async () => {
  expect((await environment.send(newEvent('click', 'ad-that-never-was'))).status).toBe(400);
  await insertAd('ad-newer');
  expect((await environment.send(newEvent('click', 'ad-newer'))).status).toBe(202);
  expect((await environment.analytics('ad-newer')).ad_id).toBe('ad-newer');
});

test('many unknown ads at once are refused, and do not cause a read of the whole catalogue', async () => {
  const reads = async () => {
    const { text } = await call(`http://127.0.0.1:${environment.stack.ingest.port}/metrics`);
    return Number(/^database_operations_total\{operation="read_ad_ids",status="ok".*\} (\d+)$/m.exec(text)?.[1]);
  };
  const before = await reads();
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, ad) => environment.send(newEvent('click', `no-${ad}`))),
  );
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 400));
  expect(await reads()).toBe(before);
});

test('while Postgres is unavailable, events of known ads are accepted, and events of unknown ads are verified later', async () => {
  await postgres.kill();
  const stranger = newEvent('click', 'ad-nobody-knows');
  expect((await environment.send(stranger)).status).toBe(202);
  environment.journal.acknowledged.delete(`click ${stranger.id}`);
  const events = [newEvent('click', 'ad-new'), newEvent('click', 'ad-001'), newEvent('impression', 'ad-new')];
  for (const event of events) expect((await environment.send(event)).status).toBe(202);
  expect((await call(`${environment.stack.url}/api/v1/ads`)).status).toBe(200);
  await postgres.start();
  await expectExact(environment);
  expect(await environment.jetstream.held(DEAD_LETTER_STREAM)).toBe(1);
});

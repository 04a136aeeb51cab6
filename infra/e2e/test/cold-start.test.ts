import { UNLIMITED } from '@ads/harness';
import { forEachService, openTestServers, SERVICE_NAMES, type ServiceName, waitFor } from '@ads/local';
import { DEAD_LETTER_STREAM } from '@ads/models';
import { afterAll, expect, test } from '@jest/globals';
import { attachEnvironment, openDatabase, QUICK_TIMEOUTS } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { newEvent } from './support/players.js';

const testServers = openTestServers();

afterAll(() => testServers.release());

test('services that start before their servers connect later, and lose no event meanwhile', async () => {
  const [postgres, redis, nats] = await Promise.all([testServers.postgres(), testServers.redis(), testServers.nats()]);
  // Before the upgrade, the newest migration has not run. Services of the new version start beside the job that runs it.
  const newest = '(SELECT max(id) FROM migrations)';
  const upgrade = openDatabase(testServers, postgres.env);
  const { rows: pending } = await upgrade.query(`DELETE FROM migrations WHERE id = ${newest} RETURNING *`);
  await Promise.all([postgres.stop(), redis.stop(), nats.stop()]);
  const env = { ...postgres.env, ...redis.env, ...nats.env, ...QUICK_TIMEOUTS, ...UNLIMITED };

  // Ingest is not ready before a durable store is available; the others wait for their servers in the background.
  const ready = new Set<ServiceName>();
  const starting = forEachService(async (name) => {
    const service = await testServers.service({ name, env });
    ready.add(name);
    return service;
  });
  const others = SERVICE_NAMES.filter((name) => name !== 'ingest');
  const othersReady = waitFor(() => others.every((name) => ready.has(name)), {
    timeoutMs: 30_000,
    what: 'the other services to be ready',
  });
  await Promise.race([starting, othersReady]);
  expect([...ready].sort()).toEqual(others.toSorted());
  await nats.start();
  const stack = await testServers.stack(env, await starting);
  const environment = await attachEnvironment(testServers, { stack, redis, nats, postgres: postgres.env });

  // No ad can be looked up yet, so all events are accepted and the consumer verifies them.
  const known = [newEvent(), newEvent('impression'), newEvent('click', 'ad-002')];
  const stranger = newEvent('click', 'ad-nobody-knows');
  for (const event of [...known, stranger]) {
    await waitFor(async () => (await environment.send(event)).status === 202, { timeoutMs: 20_000, what: 'a 202' });
  }
  environment.journal.acknowledged.delete(`click ${stranger.id}`);

  await Promise.all([postgres.start(), redis.start()]);
  await expectExact(environment);
  const letter = await environment.jetstream.manager().streams.getMessage(DEAD_LETTER_STREAM, { seq: 1 });
  expect(Buffer.from(letter.data).toString()).toContain(stranger.id);
  expect(await environment.jetstream.held(DEAD_LETTER_STREAM)).toBe(1);

  // The catalogue is loaded now, so the unknown ad is refused.
  await waitFor(async () => (await environment.send(newEvent('click', 'ad-nobody-knows'))).status === 400, {
    timeoutMs: 20_000,
    what: 'the catalogue to be loaded',
  });

  const services = SERVICE_NAMES.map((name) => environment.stack[name].port);
  const readiness = async (port: number) =>
    (await (await fetch(`http://127.0.0.1:${port}/ready`)).json()) as { readonly status: string };
  for (const port of services) {
    await expect(readiness(port)).resolves.toEqual({
      status: 'not ready',
      reason: expect.stringMatching(/run the migrations$/),
    });
  }
  await upgrade.query('INSERT INTO migrations SELECT * FROM json_populate_recordset(NULL::migrations, $1)', [
    JSON.stringify(pending),
  ]);
  for (const port of services) {
    await waitFor(async () => (await readiness(port)).status === 'ready', {
      timeoutMs: 10_000,
      what: 'a ready service',
    });
  }
});

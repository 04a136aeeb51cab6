import { openPostgres, type PostgresConfig, postgresVariables } from '@ads/connections';
import { openTestServers } from '@ads/local';
import { createMetrics, loadConfig } from '@ads/runtime';
import { afterAll, expect, it } from '@jest/globals';
import { quiet } from './stores.js';

const testServers = openTestServers();
afterAll(testServers.release);

it('the metrics have the number of connections in use and of queries that wait for one', async () => {
  const config = loadConfig<PostgresConfig>(
    { ...(await testServers.database()), POSTGRES_POOL_SIZE: '2' },
    postgresVariables,
  );
  const metrics = createMetrics('test');
  const database = openPostgres(config, { service: 'test', metrics, logger: quiet });
  testServers.onRelease(database.close);
  const pool = async () => {
    const values = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
    const connections = await values('database_pool_connections');
    const inState = (state: string) => connections.find(({ labels }) => labels.state === state)?.value;
    const [waiting] = await values('database_pool_waiting');
    const [max] = await values('database_pool_max_connections');
    return { inUse: inState('in_use'), idle: inState('idle'), waiting: waiting?.value, max: max?.value };
  };

  expect(await pool()).toEqual({ inUse: 0, idle: 0, waiting: 0, max: 2 });
  const queries = [1, 2, 3, 4, 5].map(() => database.query('sleep', 'SELECT pg_sleep(0.2)'));
  expect(await pool()).toEqual({ inUse: 2, idle: 0, waiting: 3, max: 2 });
  await Promise.all(queries);
  expect(await pool()).toEqual({ inUse: 0, idle: 2, waiting: 0, max: 2 });
});

it('a transaction is undone by an error, and runs again after a lost connection', async () => {
  const config = loadConfig<PostgresConfig>(
    { ...(await testServers.database()), POSTGRES_POOL_SIZE: '1' },
    postgresVariables,
  );
  const database = openPostgres(config, { service: 'test', metrics: createMetrics('test'), logger: quiet });
  testServers.onRelease(database.close);
  const doubt = "INSERT INTO counter_doubts (writer) VALUES ('test')";
  const doubts = async () => (await database.query('read', 'SELECT writer FROM counter_doubts')).length;

  const bad = database.transaction('bad', async ({ query }) => {
    await query('write', doubt);
    await query('divide', 'SELECT 1 / 0');
  });
  await expect(bad).rejects.toMatchObject({ code: '22012' });
  const wrong = database.transaction('wrong', async ({ query }) => {
    await query('write', doubt);
    throw new RangeError('not from Postgres');
  });
  await expect(wrong).rejects.toThrow('not from Postgres');
  // The only connection has no open transaction.
  expect(await doubts()).toBe(0);

  let attempts = 0;
  const result = await database.transaction('cut', async ({ query }) => {
    attempts += 1;
    await query('write', doubt);
    if (attempts === 1) await query('cut', 'SELECT pg_terminate_backend(pg_backend_pid())');
    return attempts;
  });
  expect([result, await doubts()]).toEqual([2, 1]);
});

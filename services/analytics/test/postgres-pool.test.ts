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

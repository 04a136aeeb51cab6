import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalProcess, type Names, openNames, openPool, openTestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const testServers = openTestServers();
afterAll(testServers.release);

/** Longer than a reconnecting client needs to occupy all threads of Node with look-ups. */
const HANG_MS = 6_000;

describe('ingest while DNS does not answer', () => {
  let names: Names;
  let ingest: LocalProcess;
  let servers: Record<'nats' | 'redis' | 'postgres', LocalProcess>;

  const click = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${ingest.port}/api/v1/ads/click`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ad_id: 'ad-001' }),
    });
    await response.arrayBuffer();
    return response.status;
  };

  beforeAll(async () => {
    names = openNames(`${testServers.folder}/names`);
    const [nats, redis, postgres] = await Promise.all([
      testServers.nats(),
      testServers.redis(),
      testServers.postgres(),
    ]);
    servers = { nats, redis, postgres };
    ingest = await testServers.service({
      name: 'ingest',
      env: {
        ...names.variables({ ...nats.env, ...redis.env, ...postgres.env }),
        // One connection attempt per look-up, so that there are many look-ups.
        NATS_TIMEOUT_MS: '300',
      },
    });
    expect(await click()).toBe(202);
  }, 120_000);

  it.each(['nats', 'redis'] as const)('for %s accepts clicks over new connections to Postgres', async (name) => {
    const server = servers[name];
    await names.hang(name);
    await server.kill();
    try {
      await sleep(HANG_MS);
      const database = openPool(servers.postgres.env);
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ingest' AND pid <> pg_backend_pid()`,
      );
      await database.end();
      await waitFor(async () => (await click()) === 202, { timeoutMs: 3_000, what: 'a click to be accepted' });
      expect(await Promise.all(Array.from({ length: 20 }, click))).toEqual(Array.from({ length: 20 }, () => 202));
    } finally {
      names.heal(name);
      await server.start();
    }
    await waitFor(async () => (await health()).dependencies[name]?.status === 'up', {
      timeoutMs: 15_000,
      what: `${name} to be up again`,
    });
  });

  it('for Postgres accepts clicks through JetStream', async () => {
    await names.hang('postgres');
    await servers.postgres.kill();
    try {
      await sleep(HANG_MS);
      expect(await Promise.all(Array.from({ length: 20 }, click))).toEqual(Array.from({ length: 20 }, () => 202));
    } finally {
      names.heal('postgres');
      await servers.postgres.start();
    }
  });

  const health = async () =>
    (await (await fetch(`http://127.0.0.1:${ingest.port}/health`)).json()) as {
      dependencies: Record<string, { status: string; detail?: string }>;
    };
});

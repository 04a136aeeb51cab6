import { type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { afterAll, expect, it } from '@jest/globals';
import { connect } from 'nats';

const testServers = openTestServers();
afterAll(testServers.release);

interface Report {
  readonly status: string;
  readonly dependencies: Readonly<Record<string, { readonly status: string; readonly detail?: string }>>;
}

const health = async ({ port }: LocalProcess): Promise<Report> =>
  (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as Report;

async function click({ port }: LocalProcess): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/ads/click`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ad_id: 'ad-001' }),
  });
  await response.arrayBuffer();
  return response.status;
}

const clicks = (ingest: LocalProcess, count: number) => Promise.all(Array.from({ length: count }, () => click(ingest)));

const isDown = (ingest: LocalProcess, name: string, words: RegExp) =>
  waitFor(
    async () => {
      const { status, detail = '' } = (await health(ingest)).dependencies[name] ?? { status: 'missing' };
      return status === 'down' && words.test(detail);
    },
    { timeoutMs: 10_000, what: `${name} to be down with ${words}` },
  );

it('/health shows a full stream or a full Postgres until it has room, and clicks go to the other store', async () => {
  const [nats, redis, database] = await Promise.all([testServers.nats(), testServers.redis(), testServers.database()]);
  const ingest = await testServers.service({
    name: 'ingest',
    env: { ...nats.env, ...redis.env, ...database, NATS_STREAM_MAX_BYTES: '1000000' },
  });
  const pool = openPool(database);
  testServers.onRelease(() => pool.end());
  const queue = await connect({ servers: nats.env.NATS_URL ?? '' });
  testServers.onRelease(() => queue.close());
  const manager = await queue.jetstreamManager();

  // Large messages, then small ones, until no byte is left.
  for (const bytes of [100_000, 1_000, 10]) {
    const message = new Uint8Array(bytes);
    for (;;) {
      try {
        await queue.jetstream().publish('ads.events', message);
      } catch {
        break;
      }
    }
  }
  expect(await clicks(ingest, 10)).toEqual(Array(10).fill(202));
  await isDown(ingest, 'nats', /maximum bytes exceeded/);
  // Pings succeed meanwhile.
  for (let look = 0; look < 30; look += 1) {
    expect(await click(ingest)).toBe(202);
    expect(await health(ingest)).toMatchObject({ status: 'degraded', dependencies: { nats: { status: 'down' } } });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  await pool.query(`
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON ad_events FOR EACH ROW EXECUTE FUNCTION full_disk()`);
  await waitFor(async () => (await click(ingest)) === 503, { timeoutMs: 10_000, what: 'clicks to be refused' });
  await isDown(ingest, 'postgres', /No space left on device/);
  expect((await health(ingest)).status).toBe('unhealthy');

  await manager.streams.purge('AD_EVENTS');
  await waitFor(async () => (await click(ingest)) === 202, { timeoutMs: 10_000, what: 'clicks to be accepted' });
  await waitFor(
    async () => {
      await click(ingest);
      return (await health(ingest)).dependencies.nats?.status === 'up';
    },
    { timeoutMs: 20_000, what: 'NATS to be up again' },
  );
  expect((await health(ingest)).status).toBe('degraded');
  // DROP TRIGGER alone locks the partitions before their parent, and a batch locks the parent first: a deadlock.
  await pool.query('LOCK TABLE ad_events IN ACCESS EXCLUSIVE MODE; DROP TRIGGER full_disk ON ad_events');
  // JetStream accepts the clicks. Only a click without JetStream reaches Postgres and proves that Postgres works.
  await nats.kill();
  await waitFor(
    async () => {
      await click(ingest);
      return (await health(ingest)).dependencies.postgres?.status === 'up';
    },
    { timeoutMs: 10_000, what: 'Postgres to be up again' },
  );
  await nats.start();
  await waitFor(async () => (await health(ingest)).status === 'healthy', {
    timeoutMs: 20_000,
    what: 'ingest to be healthy again',
  });
}, 120_000);

it('a batch that is too large for NATS goes to Postgres, and /health shows the reason', async () => {
  const [nats, redis, database] = await Promise.all([
    testServers.nats({ settings: 'max_payload: 4096' }),
    testServers.redis(),
    testServers.database(),
  ]);
  const ingest = await testServers.service({ name: 'ingest', env: { ...nats.env, ...redis.env, ...database } });
  await waitFor(
    async () => {
      expect(new Set(await clicks(ingest, 100))).toEqual(new Set([202]));
      return (await health(ingest)).dependencies.nats?.detail?.includes('MAX_PAYLOAD');
    },
    { timeoutMs: 20_000, what: 'a large batch' },
  );
});

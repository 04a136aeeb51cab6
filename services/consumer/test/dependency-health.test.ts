import { type LocalProcess, openTestServers, type Variables, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { click } from './messages.js';
import { openCounters, openQueue, openRows, publish, queueEmpty, queueExists } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

interface Dependency {
  readonly status: string;
  readonly detail?: string;
}

async function dependency(service: LocalProcess, name: string): Promise<Dependency> {
  const answer = await fetch(`http://127.0.0.1:${service.port}/health`);
  const { dependencies } = (await answer.json()) as { dependencies: Record<string, Dependency> };
  return dependencies[name] ?? { status: 'missing' };
}

const isDown = (service: LocalProcess, name: string, words: RegExp) =>
  waitFor(
    async () => {
      const { status, detail = '' } = await dependency(service, name);
      return status === 'down' && words.test(detail);
    },
    { timeoutMs: 20_000, what: `${name} to be down with ${words}` },
  );

/** Expects these dependencies to stay down for 3 s, during which at least two pings succeed. */
async function staysDown(service: LocalProcess, ...names: string[]): Promise<void> {
  for (let look = 0; look < 30; look += 1) {
    for (const name of names) expect((await dependency(service, name)).status).toBe('down');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const isUp = (service: LocalProcess, name: string) =>
  waitFor(async () => (await dependency(service, name)).status === 'up', {
    timeoutMs: 45_000,
    what: `${name} to be up again`,
  });

const clicks = () => Array.from({ length: 5 }, () => click({ occurredAt: Date.now(), receivedAt: Date.now() }));

async function startConsumer(change: (env: Variables) => Variables = (env) => env) {
  const [database, redisServer, natsServer] = await Promise.all([
    testServers.database(),
    testServers.redis(),
    testServers.nats(),
  ]);
  const env = { ...database, ...redisServer.env, ...natsServer.env, NATS_ACK_WAIT_SECONDS: '2' };
  const consumer = await testServers.service({ name: 'consumer', env: change(env) });
  return { consumer, env, redisServer };
}

/** A consumer that records clicks, and connections to its servers. */
async function startBusyConsumer() {
  const { consumer, env, redisServer } = await startConsumer();
  const queue = await openQueue(testServers, env);
  await queueExists(queue);
  const rows = openRows(testServers, env);
  const redis = openCounters(testServers, redisServer);
  await publish(queue, [clicks()]);
  await queueEmpty(queue);
  return { consumer, env, queue, rows, redis };
}

describe('health while pings succeed and operations fail', () => {
  let busy: Awaited<ReturnType<typeof startBusyConsumer>>;
  beforeAll(async () => {
    busy = await startBusyConsumer();
  });

  it.each([
    [
      'the disk is full',
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON ad_events FOR EACH ROW EXECUTE FUNCTION full_disk()`,
      // DROP TRIGGER alone locks the partitions before their parent, and a batch locks the parent first: a deadlock.
      'LOCK TABLE ad_events IN ACCESS EXCLUSIVE MODE; DROP TRIGGER full_disk ON ad_events',
      /No space left on device/,
    ],
    [
      'a table is missing',
      'ALTER TABLE ad_totals RENAME TO ad_totals_gone',
      'ALTER TABLE ad_totals_gone RENAME TO ad_totals',
      /relation "ad_totals" does not exist/,
    ],
  ])(
    'is down with the error of Postgres if %s, and up after a recorded batch',
    async (_what, breakIt, mendIt, words) => {
      const { consumer, queue, rows } = busy;
      await rows(breakIt);
      await publish(queue, [clicks()]);
      await isDown(consumer, 'postgres', words);
      await staysDown(consumer, 'postgres');
      await rows(mendIt);
      await queueEmpty(queue);
      await isUp(consumer, 'postgres');
    },
  );

  it.each([
    ['is out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
    [
      'denies writes to the user',
      ['ACL', 'SETUSER', 'default', '-@write'],
      ['ACL', 'SETUSER', 'default', '+@all'],
      /NOPERM/,
    ],
    [
      'has too few replicas',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      /NOREPLICAS/,
    ],
  ])(
    'is down with the error of Redis if it %s, and up when it accepts writes',
    async (_what, breakIt, mendIt, words) => {
      const { consumer, queue, redis } = busy;
      const [command = '', ...args] = breakIt;
      await redis.call(command, ...args);
      await publish(queue, [clicks()]);
      await isDown(consumer, 'redis', words);
      await staysDown(consumer, 'redis');
      const [mend = '', ...mendArgs] = mendIt;
      await redis.call(mend, ...mendArgs);
      await publish(queue, [clicks()]);
      await isUp(consumer, 'redis');
    },
  );

  it('is down with the error of Redis if it cannot save', async () => {
    const server = await testServers.redis({ settings: { save: '3600 1000000', 'enable-protected-configs': 'yes' } });
    const { consumer, env } = await startConsumer((all) => ({ ...all, ...server.env }));
    const queue = await openQueue(testServers, env);
    await queueExists(queue);
    const redis = new Redis(server.port, '127.0.0.1');
    testServers.onRelease(() => redis.quit());
    await redis.config('SET', 'dbfilename', 'none.rdb');
    await redis.config('SET', 'dir', '/proc');
    await waitFor(
      async () => {
        await redis.bgsave().catch(() => undefined);
        return (await redis.info('persistence')).includes('rdb_last_bgsave_status:err');
      },
      { timeoutMs: 10_000, what: 'a save of Redis to fail' },
    );
    await publish(queue, [clicks()]);
    await isDown(consumer, 'redis', /MISCONF/);
    await staysDown(consumer, 'redis');
    await redis.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await publish(queue, [clicks()]);
    await isUp(consumer, 'redis');
  });
});

it('health names the dependency whose password is wrong', async () => {
  const [redis, nats] = await Promise.all([
    testServers.redis(),
    testServers.nats({ settings: 'authorization { user: "ads", password: "right" }' }),
  ]);
  const admin = openCounters(testServers, redis);
  await admin.config('SET', 'requirepass', 'right');
  const { consumer } = await startConsumer((env) => ({
    ...env,
    ...redis.env,
    POSTGRES_PASSWORD: 'wrong',
    REDIS_PASSWORD: 'wrong',
    NATS_URL: `nats://ads:wrong@127.0.0.1:${nats.port}`,
  }));
  await isDown(consumer, 'postgres', /password authentication failed/);
  await isDown(consumer, 'redis', /WRONGPASS/);
  await isDown(consumer, 'nats', /Authorization Violation/);
  await staysDown(consumer, 'postgres', 'redis', 'nats');
});

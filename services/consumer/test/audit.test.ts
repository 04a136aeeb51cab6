import {
  openPostgres,
  openRedis,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  redisVariables,
} from '@ads/connections';
import {
  type CounterShard,
  type CounterStore,
  createLedger,
  type Difference,
  type RecordingDatabase,
  readIdentity,
  readTrust,
  rebuildCounters,
} from '@ads/ledger';
import { openTestServers, waitFor } from '@ads/local';
import { type AdEvent, LEAST_MINUTES_KEPT, minuteOf, minutesKey, totalsKey, uuidv7 } from '@ads/models';
import { createMetrics, type Logger, loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createAudit, type Direction } from '../src/audit.js';

const testServers = openTestServers();
const quiet: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

let redis: Redis;
let store: CounterStore;
let database: RecordingDatabase;
let ledger: string;
let sequences = { first: 1, last: 0 };
let found: [Direction, Pick<Difference, 'adId' | 'column' | 'counter' | 'bucket' | 'redis' | 'postgres'>][];
let audited: number;

beforeAll(async () => {
  const server = await testServers.redis();
  redis = new Redis(server.port, server.host);
  testServers.onRelease(() => redis.disconnect());
  const config = loadConfig<RedisConfig>({ REDIS_TIMEOUT_MS: '10000', ...server.env }, redisVariables);
  const connection = openRedis(config, { service: 'test', metrics: createMetrics('test'), logger: quiet });
  testServers.onRelease(connection.close);
  store = connection;
  await waitFor(() => connection.shards()[0]?.instanceId(), { timeoutMs: 10_000, what: 'the connection to Redis' });
});
afterAll(testServers.release);

/** All events of a test have this time, so that they are in one bucket even in a slow test. */
let eventTime = 0;

beforeEach(async () => {
  eventTime = Date.now();
  await redis.flushall();
  const config = loadConfig<PostgresConfig>(await testServers.database(), postgresVariables);
  const postgres = openPostgres(config, { service: 'test', metrics: createMetrics('test'), logger: quiet });
  testServers.onRelease(postgres.close);
  database = postgres;
  sequences = { first: 1, last: 0 };
  found = [];
  audited = 0;
  await record(3);
  ledger = (await readIdentity(database)) ?? '';
  expect((await rebuildCounters(database, store, Date.now)).state).toBe('done');
});

async function record(count: number, over: CounterStore = store): Promise<readonly AdEvent[]> {
  const now = eventTime;
  const events = Array.from({ length: count }, (): AdEvent => {
    return { kind: 'click', id: uuidv7(now), adId: 'ad-001', ip: '203.0.113.9', occurredAt: now, receivedAt: now };
  });
  const recorder = createLedger({
    maxLabelValues: 100,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store: over,
    now: Date.now,
    onRaiseFailure: () => undefined,
  });
  await recorder.recordQueued(events);
  return events;
}

/** An audit as in a consumer, except for the time that a counter may be behind. */
const auditor = (lastingMs = 0, over: CounterStore = store) =>
  createAudit({
    database,
    store: over,
    readSequences: async () => sequences,
    recentAds: () => ['ad-001'],
    lastingMs,
    random: Math.random,
    observer: {
      onAudited(ads) {
        audited += ads;
      },
      onMismatch({ adId, column, counter, bucket, redis: held, postgres }, direction) {
        found.push([direction, { adId, column, counter, bucket, redis: held, postgres }]);
      },
    },
  });

const isTrusted = async () =>
  (await readTrust(store.shards(), (await readIdentity(database)) ?? '')).state === 'trusted';

/** A store whose server never answers, as if the writer died between commit and raise. */
function silent(): CounterStore {
  const shards = store.shards().map((shard): CounterShard => ({ ...shard, run: () => new Promise(() => undefined) }));
  return { shards: () => shards, shardOf: () => shards[0] as CounterShard };
}

async function recordWithoutRaise(): Promise<void> {
  const [before] = await database.query<{ clicks: number }>('test', 'SELECT clicks FROM ad_totals');
  void record(2, silent());
  await waitFor(
    async () => {
      const [row] = await database.query<{ clicks: number }>('test', 'SELECT clicks FROM ad_totals');
      return row?.clicks === (before?.clicks ?? 0) + 2;
    },
    { timeoutMs: 10_000, what: 'the clicks to be committed' },
  );
}

describe('an audit', () => {
  it('finds no difference in correct counters, also during recording', async () => {
    const audit = auditor();
    let recording = true;
    const writing = (async () => {
      for (let batch = 0; batch < 100; batch += 1) await record(5);
    })().finally(() => {
      recording = false;
    });
    while (recording) {
      // Messages that are being recorded are still in the queue.
      sequences = { first: 1, last: 1 };
      await audit();
    }
    await writing;
    expect(found).toEqual([]);
    expect(audited).toBeGreaterThan(0);
    expect(await isTrusted()).toBe(true);
  });

  it.each<[string, () => Promise<unknown>, Partial<Difference>]>([
    [
      'clicks',
      () => redis.hset(totalsKey(ledger, 'ad-001'), 'clicks', 6),
      { column: 'clicks', counter: 'total', redis: 6, postgres: 3 },
    ],
    [
      'impressions',
      () => redis.hset(totalsKey(ledger, 'ad-001'), 'impressions', 1),
      { column: 'impressions', counter: 'total', redis: 1, postgres: 0 },
    ],
    [
      'impressions of a minute',
      () => {
        const minute = minuteOf(eventTime);
        const packed = Buffer.from([1, 0, 7, ...new Array(minute % 60).fill(0), 7]);
        return redis.hset(minutesKey(ledger, 'ad-001', 'impressions', minute), String(Math.floor(minute / 60)), packed);
      },
      { column: 'impressions', counter: 'minute', redis: 7, postgres: 0 },
    ],
    [
      'a second',
      () => database.query('test', 'UPDATE counts_per_second SET clicks = 1'),
      { counter: 'second', redis: 3, postgres: 1 },
    ],
    [
      'a minute',
      () => database.query('test', 'DELETE FROM counts_per_minute'),
      { counter: 'minute', redis: 3, postgres: 0 },
    ],
  ])('ends the trust at once when Redis is ahead in %s', async (_what, spoil, difference) => {
    await spoil();
    await auditor(60_000)();
    expect(found).toEqual([['ahead', expect.objectContaining({ adId: 'ad-001', ...difference })]]);
    expect(await isTrusted()).toBe(false);
    await rebuildCounters(database, store, Date.now);
    found = [];
    await auditor()();
    expect(found).toEqual([]);
    expect(await isTrusted()).toBe(true);
  });

  it.each(['seconds', 'minutes'])('ends the trust when a field of %s cannot be decoded', async (what) => {
    const key = (await redis.keys(`ad:${ledger}:*:${what}:*`))[0] ?? '';
    const [field = ''] = await redis.hkeys(key);
    await redis.hset(key, field, 'x');
    await auditor(60_000)();
    expect(found.map(([direction]) => direction)).toEqual(['unreadable']);
    expect(await isTrusted()).toBe(false);
  });

  it('ends the trust when a counter stays behind and no message in the queue explains it', async () => {
    await recordWithoutRaise();
    const audit = auditor();
    await audit();
    expect(found).toEqual([]);
    await audit();
    expect(found).toContainEqual([
      'behind',
      { adId: 'ad-001', column: 'clicks', counter: 'total', bucket: 0, redis: 3, postgres: 5 },
    ]);
    expect(await isTrusted()).toBe(false);
    await rebuildCounters(database, store, Date.now);
    expect(await redis.hget(totalsKey((await readIdentity(database)) ?? '', 'ad-001'), 'clicks')).toBe('5');
  });

  it('waits while a message in the queue may explain a difference, and while the difference is new', async () => {
    await recordWithoutRaise();
    sequences = { first: 7, last: 9 };
    const audit = auditor();
    for (let pass = 0; pass < 3; pass += 1) await audit();
    const patient = auditor(60_000);
    sequences = { first: 10, last: 9 };
    for (let pass = 0; pass < 3; pass += 1) await patient();
    expect(found).toEqual([]);
    // The message is redelivered, although all its events are recorded.
    await record(1);
    await audit();
    await audit();
    expect(found).toEqual([]);
    expect(await isTrusted()).toBe(true);
  });

  // A writer whose raises fail renews its doubt with each batch, so a young doubt may explain an old difference.
  it.each(['0', '1 minute'])(
    'leaves a counter that is behind to the rebuild if a doubt of %s explains it',
    async (age) => {
      await recordWithoutRaise();
      await database.query('test', "INSERT INTO counter_doubts (writer, since) VALUES ('dead', now() - $1::interval)", [
        age,
      ]);
      const audit = auditor();
      for (let pass = 0; pass < 3; pass += 1) await audit();
      expect(found).toEqual([]);
    },
  );

  it('does not report a counter that a rebuild raises, and whose doubt it deletes, during the audit', async () => {
    await recordWithoutRaise();
    await database.query('test', "INSERT INTO counter_doubts (writer) VALUES ('dead')");
    let heals = false;
    const healing = store.shards().map(
      (shard): CounterShard => ({
        ...shard,
        run: async (operation, call) => {
          const result = await shard.run(operation, call);
          if (heals && operation === 'audit') await database.query('test', 'DELETE FROM counter_doubts');
          return result;
        },
      }),
    );
    const audit = auditor(0, { shards: () => healing, shardOf: () => healing[0] as CounterShard });
    await audit();
    heals = true;
    await audit();
    expect(found).toEqual([]);
  });

  it('reports nothing for untrusted counters, or if the ledger changes during the audit', async () => {
    await redis.hset(totalsKey(ledger, 'ad-001'), 'clicks', 6);
    const changing = store.shards().map(
      (shard): CounterShard => ({
        ...shard,
        run: async (operation, call) => {
          if (operation === 'audit') await database.query('test', 'SELECT renew_ledger_identity()');
          return await shard.run(operation, call);
        },
      }),
    );
    await auditor(0, { shards: () => changing, shardOf: () => changing[0] as CounterShard })();
    await auditor()();
    expect(found).toEqual([]);
  });

  it('covers all ads in turn', async () => {
    await database.query(
      'test',
      "INSERT INTO ad_totals SELECT 'turn-' || lpad(n::text, 3, '0'), 0, 0 FROM generate_series(1, 170) n",
    );
    await redis.hset(totalsKey(ledger, 'turn-160'), 'clicks', 1);
    const audit = auditor();
    for (let pass = 0; pass < 4; pass += 1) await audit();
    expect(found).toEqual([
      ['ahead', { adId: 'turn-160', column: 'clicks', counter: 'total', bucket: 0, redis: 1, postgres: 0 }],
    ]);
  });

  it('reports a difference once if several processes find it', async () => {
    await redis.hset(totalsKey(ledger, 'ad-001'), 'clicks', 6);
    const audits = Array.from({ length: 5 }, () => auditor());
    await Promise.all(audits.map((audit) => audit()));
    expect(found).toHaveLength(1);
  });
});

import type { Postgres, RedisConnection } from '@ads/connections';
import { type CounterShard, type CounterStore, createLedger, readIdentity, rebuildCounters } from '@ads/ledger';
import { openTestServers, waitFor } from '@ads/local';
import {
  type AdEvent,
  epochKey,
  kindsIn,
  LEAST_MINUTES_KEPT,
  MARKS_STEM,
  perColumn,
  TOTAL_COLUMNS,
  WINDOWS,
  type WindowCounts,
} from '@ads/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { seeded } from '../../../packages/models/test/seeded.js';
import type { Counters } from '../src/counters.js';
import { createMonotonicReadGuard } from '../src/monotonic-read-guard.js';
import { readPostgresCounters } from '../src/postgres-counters.js';
import { readCounters } from '../src/read-counters.js';
import { readRedisCounters } from '../src/redis-counters.js';
import { event, isKnown, openStores } from './stores.js';

const testServers = openTestServers();
/** The same store, with some operations of its one server replaced. */
function withShard(changes: (shard: CounterShard) => Partial<CounterShard>): CounterStore {
  const changed = store.shards().map((shard) => ({ ...shard, ...changes(shard) }));
  return { shards: () => changed, shardOf: () => changed[0] as CounterShard };
}

/** The same client, with other commands that run within each pipeline, before the commands of the given indices. */
function withInterruptions(client: Redis, interruptions: Record<number, () => Promise<unknown>>): Redis {
  function pipeline() {
    const commands: [name: string, ...values: string[]][] = [];
    const chained = {
      get: (key: string) => commands.push(['get', key]) && chained,
      evalsha: (...values: string[]) => commands.push(['evalsha', ...values]) && chained,
      async exec() {
        const results: [unknown, unknown][] = [];
        for (const [index, [name, ...values]] of commands.entries()) {
          await interruptions[index]?.();
          results.push(
            await client.call(name, ...values).then(
              (result): [unknown, unknown] => [null, result],
              (error): [unknown, unknown] => [error, undefined],
            ),
          );
        }
        return results;
      },
    };
    return chained;
  }
  return Object.assign(Object.create(client), { pipeline });
}

let database: Postgres;
let store: RedisConnection;
let identity: string;
/** A connection of the test to the same Redis. */
let redis: Redis;
beforeAll(async () => {
  const server = await testServers.redis();
  ({ database, store } = await openStores(testServers, { ...(await testServers.database()), ...server.env }));
  identity = (await readIdentity(database)) ?? '';
  redis = new Redis(server.port, server.host);
  testServers.onRelease(() => redis.disconnect());
});
afterAll(testServers.release);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The next midnight, as Postgres drops old buckets. */
const MIDNIGHT = 24 * HOUR * Math.ceil(Date.now() / (24 * HOUR));
const ADS = ['ad-001', 'ad-002', 'ad-003'];

/** Times around the change of minute, hour and day, to the millisecond, and some ordinary times. */
const MOMENTS = [
  ...[MIDNIGHT, MIDNIGHT + HOUR, MIDNIGHT - HOUR, MIDNIGHT + 34 * MINUTE].flatMap((edge) =>
    [-SECOND - 1, -SECOND, -1, 0, 1, SECOND - 1, SECOND, 59 * SECOND + 999, MINUTE].map((offset) => edge + offset),
  ),
  MIDNIGHT + 12 * HOUR + 34 * MINUTE + 56_789,
];

/** Events over more than 25 hours, some later than all `MOMENTS`, and some on both sides of the edge of each window. */
function manyEvents(): AdEvent[] {
  const random = seeded(7);
  const events: AdEvent[] = [];
  for (let i = 0; i < 4_000; i += 1) {
    const at = Math.floor(MIDNIGHT - 26 * HOUR + random() * 42 * HOUR);
    events.push(event(random() < 0.7 ? 'ad-001' : 'ad-002', at, random() < 0.2 ? 'impression' : 'click'));
  }
  // Old times that players claimed, back to 1970: counted in totals and in no window.
  for (let i = 0; i < 500; i += 1) events.push(event('ad-001', Math.floor(random() * (MIDNIGHT - 60 * HOUR))));
  for (const moment of MOMENTS) {
    for (const { seconds } of [...WINDOWS, { seconds: 0 }, { seconds: -300 }]) {
      for (const offset of [-MINUTE, -SECOND, -1, 0, 1, SECOND, MINUTE]) {
        const at = moment - seconds * SECOND + offset;
        events.push(event('ad-001', at), event('ad-001', at, 'impression'));
      }
    }
  }
  return events;
}

/**
 * The last second is the one before the current one. The definition of windows: those up to an hour are the seconds (now - width,
 * now], the 24-hour window is the current minute and the 1,439 before it.
 */
function bruteForce(events: readonly AdEvent[], adId: string, now: number): Counters {
  const second = (time: number) => Math.floor(time / SECOND);
  const minute = (time: number) => Math.floor(time / MINUTE);
  const own = events.filter((one) => one.adId === adId);
  const times = perColumn((column) =>
    own.filter(({ kind }) => kindsIn(column).includes(kind)).map(({ occurredAt }) => occurredAt),
  );
  const windows = perColumn(
    (column) =>
      Object.fromEntries(
        WINDOWS.map(({ field, seconds }) => [
          field,
          times[column].filter((time) =>
            seconds < 86_400
              ? second(time) > second(now) - seconds && second(time) <= second(now)
              : minute(time) > minute(now) - 1_440 && minute(time) <= minute(now),
          ).length,
        ]),
      ) as WindowCounts,
  );
  const lastSecond = perColumn((column) => times[column].filter((time) => second(time) === second(now) - 1).length);
  return { adId, clicks: times.clicks.length, impressions: times.impressions.length, lastSecond, windows };
}

/** Fails if a window has more clicks or impressions than a wider one, or than the total. */
function expectNested(counters: Counters): void {
  for (const column of TOTAL_COLUMNS) {
    const narrowToWide = [...WINDOWS.map(({ field }) => counters.windows[column][field]), counters[column]];
    expect(narrowToWide).toEqual([...narrowToWide].sort((a, b) => a - b));
  }
}

const epoch = () => epochKey(MARKS_STEM, identity);
const byAd = (counters: readonly Counters[] | undefined) =>
  [...(counters ?? [])].sort((a, b) => (a.adId < b.adId ? -1 : 1));

describe('windows', () => {
  const events = manyEvents();
  beforeAll(async () => {
    const ledger = createLedger({
      maxLabelValues: 100,
      minutesKept: LEAST_MINUTES_KEPT,
      database,
      store,
      now: () => MIDNIGHT,
      onRaiseFailure: () => undefined,
    });
    for (let from = 0; from < events.length; from += 2_000) await ledger.recordQueued(events.slice(from, from + 2_000));
  });

  it.each(MOMENTS.map((moment): [string, number] => [new Date(moment).toISOString(), moment]))(
    'are equal in Redis, in Postgres and by the definition, at %s',
    async (_text, moment) => {
      await redis.flushall();
      expect(await rebuildCounters(database, store, () => moment)).toMatchObject({ state: 'done' });
      const expected = ADS.map((adId) => bruteForce(events, adId, moment));
      const fromRedis = byAd(await readRedisCounters(store, identity, ADS, moment));
      expect(fromRedis).toEqual(expected);
      expect(byAd(await readPostgresCounters(database, ADS, moment))).toEqual(expected);
      for (const counters of fromRedis) expectNested(counters);
    },
  );

  it('are exact in Postgres while quarter-hours lack events from before migration 7', async () => {
    const moment = MIDNIGHT + 12 * HOUR + 34 * MINUTE + 56_789;
    await database.query('test', "UPDATE report_backfill SET next_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'");
    await database.query('test', 'UPDATE counts_per_quarter_hour SET clicks = clicks + 1');
    const expected = ADS.map((adId) => bruteForce(events, adId, moment));
    try {
      expect(byAd(await readPostgresCounters(database, ADS, moment))).toEqual(expected);
    } finally {
      await database.query('test', 'UPDATE counts_per_quarter_hour SET clicks = clicks - 1');
      await database.query('test', 'UPDATE report_backfill SET next_id = NULL');
    }
  });

  it.each([200, 300, 70_000, 20_000_000_000])('are exact when each count is multiplied by %i', async (factor) => {
    const moment = MIDNIGHT + 12 * HOUR + 34 * MINUTE + 56_789;
    const multiply = async (by: string) => {
      const multiplied = `clicks = clicks ${by}, impressions = impressions ${by}`;
      for (const table of ['counts_per_second', 'counts_per_minute', 'ad_totals']) {
        await database.query('multiply', `UPDATE ${table} SET ${multiplied}`);
      }
    };
    const { windows, clicks, impressions } = bruteForce(events, 'ad-001', moment);
    await multiply(`* ${factor}`);
    try {
      await redis.flushall();
      await rebuildCounters(database, store, () => moment);
      const [counters] = (await readRedisCounters(store, identity, ['ad-001'], moment)) ?? [];
      const greater = perColumn((column) =>
        Object.fromEntries(Object.entries(windows[column]).map(([field, held]) => [field, factor * held])),
      );
      expect(counters).toMatchObject({
        clicks: factor * clicks,
        impressions: factor * impressions,
        windows: greater,
      });
    } finally {
      await multiply(`/ ${factor}`);
    }
  });

  it('slide with the time, without any further raise', async () => {
    await redis.flushall();
    const written = MIDNIGHT - 30 * MINUTE;
    await rebuildCounters(database, store, () => written);
    for (let moment = written; moment < MIDNIGHT + HOUR; moment += 7 * MINUTE + 13_579) {
      const expected = ADS.map((adId) => bruteForce(events, adId, moment));
      expect(byAd(await readRedisCounters(store, identity, ADS, moment))).toEqual(expected);
    }
  });

  it('never exceed a wider window while several writers record clicks', async () => {
    const now = MIDNIGHT + 12 * HOUR + 30_000;
    await redis.flushall();
    await rebuildCounters(database, store, () => now);
    const random = seeded(8);
    let recording = true;
    const writers = [0, 1, 2].map(async () => {
      const ledger = createLedger({
        maxLabelValues: 100,
        minutesKept: LEAST_MINUTES_KEPT,
        database,
        store,
        now: () => now,
        onRaiseFailure: () => undefined,
      });
      for (let batch = 0; batch < 30; batch += 1) {
        const some = Array.from({ length: 40 }, () =>
          event('ad-003', Math.floor(now - random() * 2 * MINUTE), random() < 0.5 ? 'impression' : 'click'),
        );
        await ledger.recordQueued(some);
      }
    });
    const done = Promise.all(writers).finally(() => {
      recording = false;
    });
    let reads = 0;
    while (recording) {
      for (const reading of [
        await readRedisCounters(store, identity, ['ad-003'], now),
        await readPostgresCounters(database, ['ad-003'], now),
      ]) {
        const [counters] = reading ?? [];
        expect(counters).toBeDefined();
        if (counters) expectNested(counters);
        reads += 1;
      }
    }
    await done;
    expect(reads).toBeGreaterThan(10);
  });

  it('are read for more ads than fit into one round trip', async () => {
    const many = Array.from({ length: 450 }, (_, index) => `many-${index}`);
    const counters = await readRedisCounters(store, identity, [...many, 'ad-002'], MIDNIGHT);
    expect(counters?.map(({ adId }) => adId)).toEqual([...many, 'ad-002']);
    expect(counters?.at(-1)?.clicks).toBe(bruteForce(events, 'ad-002', MIDNIGHT).clicks);
  });
});

describe('the source of an answer', () => {
  const now = MIDNIGHT;
  const read = (over: CounterStore = store, undoubted: () => string | undefined = () => identity) =>
    readCounters({ database, store: over, undoubted, guard: createMonotonicReadGuard(), now: () => now }, ['ad-001']);
  let expected: Counters;

  beforeEach(async () => {
    await redis.flushall();
    await rebuildCounters(database, store, () => now);
    [expected] = (await readPostgresCounters(database, ['ad-001'], now)) as [Counters];
    expect(expected.clicks).toBeGreaterThan(0);
  });

  it('is Redis while Redis is trusted', async () => {
    expect(await read()).toEqual({ source: 'redis', counters: [expected] });
  });

  it('is never the table of events, so that the cost of an answer does not grow with their number', async () => {
    const own = await openStores(testServers, {
      ...(await testServers.database()),
      ...(await testServers.redis()).env,
    });
    const ledger = createLedger({
      maxLabelValues: 100,
      minutesKept: LEAST_MINUTES_KEPT,
      ...own,
      now: () => now,
      onRaiseFailure: () => undefined,
    });
    await ledger.recordQueued([event('ad-001', now)]);
    await own.database.query('test', 'TRUNCATE ad_events');
    const [counters] = await readPostgresCounters(own.database, ['ad-001'], now);
    expect(counters).toMatchObject({ clicks: 1, windows: { clicks: { last_1_minute: 1, last_24_hours: 1 } } });
  });

  it('is Postgres when Redis was emptied, which never gives zeros', async () => {
    await redis.flushall();
    expect(await read()).toEqual({ source: 'postgres', counters: [expected] });
  });

  it('is queried once per answer, also for many ads', async () => {
    const asked: string[] = [];
    const watched = withShard((shard) => ({
      run: (operation, call) => {
        asked.push(operation);
        return shard.run(operation, call);
      },
    }));
    expect(await readRedisCounters(watched, identity, ADS, now)).toHaveLength(ADS.length);
    expect(asked).toEqual(['read_windows']);
  });

  const flush = () => redis.flushall();
  const mark = () => redis.set(epoch(), `${store.shards()[0]?.instanceId()}:another rebuild`);
  it.each<[string, Record<number, () => Promise<unknown>>]>([
    ['before the read', { 0: flush }],
    ['before the read, and filled at its end', { 0: flush, 2: mark }],
    ['after the first check of its mark', { 1: flush }],
    ['after the first check of its mark, and filled before the second', { 1: () => flush().then(mark) }],
    ['before the second check of its mark', { 2: flush }],
  ])('is Postgres when Redis was emptied %s', async (_when, interruptions) => {
    const interrupted = withShard((shard) => ({
      run: (operation, call) => shard.run(operation, (client) => call(withInterruptions(client, interruptions))),
    }));
    expect(await read(interrupted)).toEqual({ source: 'postgres', counters: [expected] });
  });

  it('is Postgres when the epoch names another instance of Redis', async () => {
    await redis.set(epoch(), `${'0'.repeat(40)}:token`);
    expect((await read()).source).toBe('postgres');
    await redis.set(epoch(), 'token');
    expect((await read()).source).toBe('postgres');
  });

  it('is Postgres while a doubt exists, also if it is stored during the read', async () => {
    expect((await read(store, () => undefined)).source).toBe('postgres');
    let looks = 0;
    const firstOnly = () => {
      looks += 1;
      return looks === 1 ? identity : undefined;
    };
    expect((await read(store, firstOnly)).source).toBe('postgres');
    expect(looks).toBe(2);
  });

  it('is Postgres when Redis may evict counters', async () => {
    expect((await read(withShard(() => ({ unfit: () => 'it may evict' })))).source).toBe('postgres');
  });

  it('is Postgres from the failure of Redis until the rebuild after its restart', async () => {
    const server = await testServers.redis();
    const own = await openStores(testServers, { ...(await testServers.database()), ...server.env });
    const ledger = await readIdentity(own.database);
    const ask = () =>
      readCounters({ ...own, undoubted: () => ledger, guard: createMonotonicReadGuard(), now: () => now }, ['ad-001']);
    await rebuildCounters(own.database, own.store, () => now);
    expect((await ask()).source).toBe('redis');
    await server.kill();
    expect((await ask()).source).toBe('postgres');
    await server.start();
    await waitFor(() => isKnown(own.store), { timeoutMs: 10_000, what: 'the connection to the new Redis' });
    expect((await ask()).source).toBe('postgres');
    await rebuildCounters(own.database, own.store, () => now);
    await waitFor(async () => (await ask()).source === 'redis', { timeoutMs: 10_000, what: 'answers from Redis' });
  });
});

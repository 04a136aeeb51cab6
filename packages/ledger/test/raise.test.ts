import { openTestServers, type Variables } from '@ads/local';
import {
  MINUTES_KEY_TTL,
  minutesKey,
  perColumn,
  SECONDS_KEY_TTL,
  secondsKey,
  TOTAL_COLUMNS,
  totalsKey,
} from '@ads/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seeded } from '../../models/test/seeded.js';
import type { AdCounts, CounterShard } from '../src/index.js';
import { raiseCounters } from '../src/raise.js';
import { type Recorded, recordBatch } from '../src/record.js';
import {
  expectExactRollups,
  pick,
  randomEvents,
  readAllCounters,
  shuffled,
  visibleCounters,
} from './expected-counts.js';
import { openDatabase, openStore, type TestStore } from './servers.js';

const testServers = openTestServers();
let store: TestStore;
let databases: Variables;
beforeAll(async () => {
  store = await openStore(testServers, await testServers.redis());
  databases = await testServers.database();
});
afterAll(testServers.release);
beforeEach(() => store.redis.flushall());

const LEDGER = 'ledger.state';
const now = Date.UTC(2026, 10, 22, 12, 34, 56, 789);
const second = Math.floor(now / 1_000);
const minute = Math.floor(now / 60_000);

const counts = (clicks: number, changes: Partial<AdCounts> = {}): AdCounts => ({
  adId: 'ad-001',
  clicks,
  impressions: 2 * clicks,
  seconds: { clicks: [[second, clicks]], impressions: [[second, 2 * clicks]] },
  minutes: { clicks: [[minute, clicks]], impressions: [[minute, 2 * clicks]] },
  ...changes,
});

/** The same shard; passes the keys of each script call to the callback. */
function watchCalls(shard: CounterShard, keysOfCalls: string[][]): CounterShard {
  return {
    ...shard,
    run: (operation, call) =>
      shard.run(operation, (redis) =>
        call(
          new Proxy(redis, {
            get(target, name) {
              if (name !== 'pipeline') return Reflect.get(target, name, target);
              return () => {
                const pipeline = target.pipeline();
                const { evalsha } = pipeline;
                pipeline.evalsha = ((...args: Parameters<typeof evalsha>) => {
                  keysOfCalls.push(args.slice(2, 2 + Number(args[1])).map(String));
                  return evalsha.apply(pipeline, args);
                }) as typeof evalsha;
                return pipeline;
              };
            },
          }),
        ),
      ),
  };
}

describe('a raise', () => {
  it('sets missing counters, and changes nothing when it is repeated', async () => {
    const expected = {
      [`${totalsKey(LEDGER, 'ad-001')} clicks`]: 9,
      [`${totalsKey(LEDGER, 'ad-001')} impressions`]: 18,
      [`${secondsKey(LEDGER, 'ad-001', 'clicks', second)} ${second}`]: 9,
      [`${minutesKey(LEDGER, 'ad-001', 'clicks', minute)} ${minute}`]: 9,
      [`${secondsKey(LEDGER, 'ad-001', 'impressions', second)} ${second}`]: 18,
      [`${minutesKey(LEDGER, 'ad-001', 'impressions', minute)} ${minute}`]: 18,
    };
    for (let time = 0; time < 2; time += 1) {
      await raiseCounters(store, LEDGER, [counts(9)], now);
      expect(await readAllCounters(store.redis)).toEqual(expected);
    }
  });

  it('never lowers a counter, and compares numbers, not texts', async () => {
    for (const clicks of [10, 9, 100, 99]) await raiseCounters(store, LEDGER, [counts(clicks)], now);
    expect(Object.values(await readAllCounters(store.redis)).sort()).toEqual([100, 100, 100, 200, 200, 200]);
  });

  it('skips buckets that are too old for a clock one minute behind, and keeps the oldest one that is not', async () => {
    await raiseCounters(
      store,
      LEDGER,
      [
        counts(1, {
          seconds: perColumn(() => [
            [second - 3_660, 1],
            [second - 3_659, 1],
            [second + 300, 1],
          ]),
          minutes: perColumn(() => [
            [minute - 1_441, 1],
            [minute - 1_440, 1],
            [minute + 5, 1],
          ]),
        }),
      ],
      now,
    );
    const fields = Object.keys(await readAllCounters(store.redis)).map((name) => name.split(' ')[1]);
    const buckets = [second - 3_659, second + 300, minute - 1_440, minute + 5];
    expect(fields.sort()).toEqual(['clicks', 'impressions', ...buckets, ...buckets].map(String).sort());
  });

  it('sets an expiry for the keys of buckets, and none for totals', async () => {
    await raiseCounters(store, LEDGER, [counts(1)], now);
    expect(await store.redis.ttl(totalsKey(LEDGER, 'ad-001'))).toBe(-1);
    for (const column of TOTAL_COLUMNS) {
      const ofSeconds = await store.redis.ttl(secondsKey(LEDGER, 'ad-001', column, second));
      expect(Math.abs(ofSeconds - SECONDS_KEY_TTL)).toBeLessThan(5);
      const ofMinutes = await store.redis.ttl(minutesKey(LEDGER, 'ad-001', column, minute));
      expect(Math.abs(ofMinutes - MINUTES_KEY_TTL)).toBeLessThan(5);
    }
  });

  it('sets the expiry of a key from the creation of its newest field', async () => {
    const key = secondsKey(LEDGER, 'ad-001', 'clicks', second);
    await raiseCounters(store, LEDGER, [counts(1)], now);
    await store.redis.expire(key, 5);
    await raiseCounters(store, LEDGER, [counts(2)], now);
    expect(await store.redis.ttl(key)).toBeLessThanOrEqual(5);
    await raiseCounters(store, LEDGER, [counts(3, { seconds: { clicks: [[second + 60, 1]], impressions: [] } })], now);
    expect(Math.abs((await store.redis.ttl(key)) - SECONDS_KEY_TTL)).toBeLessThan(5);
  });

  it.each([21, 22, 23])(
    'keeps each sum equal to its buckets after random, repeated, reordered and lost raises: seed %i',
    async (seed) => {
      const random = seeded(seed);
      // Few buckets, before and after the change of an hour and a day, with counts of one, two, three and five bytes.
      const buckets = (around: number, spread: number) =>
        Array.from({ length: 12 }, () => around + Math.floor((random() - 0.5) * spread));
      const midnight = Date.UTC(2026, 10, 22) / 1_000;
      const seconds = buckets(midnight, 400);
      const minutes = buckets(midnight / 60, 400);
      const some = (from: readonly number[]) =>
        from.filter(() => random() < 0.3).map((bucket): [number, number] => [bucket, Math.floor(2 ** (random() * 33))]);
      const raises: AdCounts[] = [];
      let held: Record<string, number> = {};
      const hold = (key: string, bucket: number | string, count: number) => {
        const name = `${key} ${bucket}`;
        if (count > (held[name] ?? 0)) held[name] = count;
      };
      for (let step = 0; step < 150; step += 1) {
        const clicks = 1 + Math.floor(random() * 1_000);
        if (random() < 0.6) {
          const changes = { seconds: perColumn(() => some(seconds)), minutes: perColumn(() => some(minutes)) };
          raises.push(counts(clicks, changes));
        }
        if (random() < 0.03) {
          await store.redis.flushall();
          held = {};
        }
        if (random() < 0.05) {
          const [lost = ''] = shuffled(random, Object.keys(held)).map((name) => name.split(' ')[0]);
          await store.redis.del(lost);
          held = Object.fromEntries(Object.entries(held).filter(([name]) => !name.startsWith(`${lost} `)));
        }
        if (raises.length === 0) continue;
        const raise = pick(random, raises);
        await raiseCounters(store, LEDGER, [raise], midnight * 1_000);
        hold(totalsKey(LEDGER, raise.adId), 'clicks', raise.clicks);
        hold(totalsKey(LEDGER, raise.adId), 'impressions', raise.impressions);
        for (const column of TOTAL_COLUMNS) {
          for (const [bucket, count] of raise.seconds[column]) {
            hold(secondsKey(LEDGER, raise.adId, column, bucket), bucket, count);
          }
          for (const [bucket, count] of raise.minutes[column]) {
            hold(minutesKey(LEDGER, raise.adId, column, bucket), bucket, count);
          }
        }
        // This also compares every sum with its buckets.
        expect(await readAllCounters(store.redis)).toEqual(held);
      }
    },
  );

  it('works after the server lost the script', async () => {
    await raiseCounters(store, LEDGER, [counts(1)], now);
    await store.redis.script('FLUSH');
    await raiseCounters(store, LEDGER, [counts(2)], now);
    expect(await store.redis.hget(totalsKey(LEDGER, 'ad-001'), 'clicks')).toBe('2');
  });

  it.each([
    ['many ads per call', true],
    ['one ad per call, as their keys may be in several slots', false],
  ])('raises more ads than fit into one round trip: %s', async (_how, crossesSlots) => {
    const ads = Array.from({ length: 1_501 }, (_, index) => counts(index + 1, { adId: `many-${index}` }));
    const keysOfCalls: string[][] = [];
    const watched = watchCalls({ ...store, crossesSlots }, keysOfCalls);
    await raiseCounters({ shards: () => [watched], shardOf: () => watched }, LEDGER, ads, now);
    const adsOfCalls = keysOfCalls.map((keys) => new Set(keys.map((key) => /\{.*\}/.exec(key)?.[0])).size);
    expect(adsOfCalls.reduce((sum, ads) => sum + ads, 0)).toBe(ads.length);
    expect(adsOfCalls.every((ads) => ads === 1)).toBe(!crossesSlots);
    expect(Math.max(...adsOfCalls)).toBeLessThan(300);
    const expected = ads.flatMap(({ adId, clicks }) => [
      [`${totalsKey(LEDGER, adId)} clicks`, clicks],
      [`${totalsKey(LEDGER, adId)} impressions`, 2 * clicks],
      [`${secondsKey(LEDGER, adId, 'clicks', second)} ${second}`, clicks],
      [`${minutesKey(LEDGER, adId, 'clicks', minute)} ${minute}`, clicks],
      [`${secondsKey(LEDGER, adId, 'impressions', second)} ${second}`, 2 * clicks],
      [`${minutesKey(LEDGER, adId, 'impressions', minute)} ${minute}`, 2 * clicks],
    ]);
    expect(await readAllCounters(store.redis)).toEqual(Object.fromEntries(expected));
  });

  it('raises all counters of an ad in one call, so that no reader sees a window above the total', async () => {
    const keysOfCalls: string[][] = [];
    const watched = watchCalls(store, keysOfCalls);
    const hour = Array.from({ length: 3_600 }, (_, age): [number, number] => [second - age, 1]);
    const ads = ['ad-001', 'ad-002'].map((adId) => counts(3_600, { adId, seconds: perColumn(() => hour) }));
    await raiseCounters({ shards: () => [watched], shardOf: () => watched }, LEDGER, ads, now);
    expect(keysOfCalls.map((keys) => keys.filter((key) => key.endsWith(':totals')))).toEqual([
      [totalsKey(LEDGER, 'ad-001')],
      [totalsKey(LEDGER, 'ad-002')],
    ]);
    expect(keysOfCalls.map((keys) => keys.length)).toEqual([7, 7]);
  });

  it('throws if a counter could not be raised', async () => {
    await store.redis.set(totalsKey(LEDGER, 'ad-002'), 'not a hash');
    const both = [counts(1), counts(1, { adId: 'ad-002' })];
    await expect(raiseCounters(store, LEDGER, both, now)).rejects.toThrow('WRONGTYPE');
  });

  it.each([11, 12, 13])(
    'ends with the counts of Postgres, whatever the repetitions and the order: seed %i',
    async (seed) => {
      const random = seeded(seed);
      const database = openDatabase(testServers, seed === 11 ? databases : await testServers.database());
      const events = randomEvents(random, 2_000, now, 26 * 3_600_000);
      const raises: Recorded[] = [];
      for (let from = 0; from < events.length; from += 100) {
        const batch = events.slice(from, from + 100);
        const again = from > 0 && random() < 0.4 ? events.slice(from - 50, from) : [];
        raises.push(await recordBatch(database, shuffled(random, [...batch, ...again])));
      }
      // Late, out of order, and some twice, as with several consumers.
      const order = shuffled(random, [...raises, ...raises.filter(() => random() < 0.5)]);
      for (const { ledger = '', counts: raise } of order) await raiseCounters(store, ledger, raise, now);
      await expectExactRollups(database);
      expect(await readAllCounters(store.redis)).toEqual(await visibleCounters(database, now));
    },
  );
});

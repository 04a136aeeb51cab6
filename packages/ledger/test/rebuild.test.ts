import { waitFor } from '@ads/local';
import { epochKey, MARKS_STEM, rebuildKey } from '@ads/models';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seeded } from '../../models/test/seeded.js';
import { type CounterStore, type RecordingDatabase, readIdentity, readTrust, rebuildCounters } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, expectExactRollups, randomEvents } from './expected-counts.js';
import { setUpLedger } from './ledger-set-up.js';
import { openStore, type TestStore, withAround } from './servers.js';

const { testServers, at, now, newDatabase, ledgerOf, expectExactCounters, ...setUp } = setUpLedger();
let store: TestStore;
let database: RecordingDatabase;
let identity: string;
beforeAll(() => {
  store = setUp.store();
});
beforeEach(async () => {
  database = await newDatabase();
  identity = (await readIdentity(database)) ?? '';
});

const epoch = () => epochKey(MARKS_STEM, identity);
const token = () => rebuildKey(MARKS_STEM, identity);

describe('a rebuild', () => {
  it('fills an empty Redis page by page, and marks it as trusted after the last page', async () => {
    await database.query(
      'test',
      "INSERT INTO ads (id, image_url, target_url) SELECT 'many-' || n, '', '' FROM generate_series(1, 250) n",
    );
    const many = Array.from({ length: 250 }, (_, index) => click(at, { adId: `many-${index + 1}` }));
    await recordBatch(database, [...many, ...randomEvents(seeded(1), 1_000, at, 26 * 3_600_000)]);
    expect((await readTrust(store.shards(), identity)).state).toBe('untrusted');
    expect(await rebuildCounters(database, store, now)).toEqual({ state: 'done', ads: 253 });
    expect((await readTrust(store.shards(), identity)).state).toBe('trusted');
    await expectExactCounters(database);
    expect(await store.redis.exists(token())).toBe(0);
  });

  it('is interrupted by a FLUSHALL at any step, and leaves Redis untrusted', async () => {
    await recordBatch(database, randomEvents(seeded(2), 200, at, 3_600_000));
    for (const step of ['raise', 'renew_rebuild', 'finish_rebuild']) {
      for (const order of ['before', 'after']) {
        if (step === 'finish_rebuild' && order === 'after') continue;
        const flushing = withAround(store, async (operation, go) => {
          if (operation !== step) return await go();
          if (order === 'before') await store.redis.flushall();
          const result = await go();
          if (order === 'after') await store.redis.flushall();
          return result;
        });
        expect([step, order, (await rebuildCounters(database, flushing, now)).state]).toEqual([
          step,
          order,
          'interrupted',
        ]);
        expect(await store.redis.get(epoch())).toBeNull();
        expect((await readTrust(store.shards(), identity)).state).toBe('untrusted');
      }
    }
    expect((await rebuildCounters(database, store, now)).state).toBe('done');
    await expectExactCounters(database);
  });

  it('does not mark Redis as trusted, or take the token, if another rebuild began after a FLUSHALL', async () => {
    await recordBatch(database, randomEvents(seeded(3), 200, at, 3_600_000));
    const overtaken = withAround(store, async (operation, go) => {
      if (operation === 'finish_rebuild') {
        await store.redis.flushall();
        // A consumer takes the token before its first raise.
        await store.redis.set(token(), 'another', 'EX', 30, 'NX');
      }
      return await go();
    });
    expect((await rebuildCounters(database, overtaken, now)).state).toBe('interrupted');
    expect((await readTrust(store.shards(), identity)).state).toBe('untrusted');
    expect(await store.redis.get(token())).toBe('another');
  });

  it('excludes a second rebuild by a token that expires within 60 s', async () => {
    await recordBatch(database, [click(at)]);
    let second: unknown;
    let ttl = 0;
    const slow = withAround(store, async (operation, go) => {
      if (operation === 'raise') {
        ttl = await store.redis.ttl(token());
        second = await rebuildCounters(database, store, now);
      }
      return await go();
    });
    expect((await rebuildCounters(database, slow, now)).state).toBe('done');
    expect(second).toEqual({ state: 'interrupted', reason: 'another rebuild is under way' });
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(60);
  });

  it('ignores the token of another Redis instance, which a file or replication may bring', async () => {
    await store.redis.set(token(), 'another instance:token', 'EX', 30);
    expect((await rebuildCounters(database, store, now)).state).toBe('done');
    await store.redis.set(token(), `${store.instanceId()}:token`, 'EX', 30);
    expect((await rebuildCounters(database, store, now)).state).toBe('interrupted');
  });

  it('retries a page whose raise failed', async () => {
    await recordBatch(database, randomEvents(seeded(6), 200, at, 3_600_000));
    let begun = 0;
    let raises = 0;
    const busy = withAround(store, async (operation, go) => {
      if (operation === 'begin_rebuild') begun += 1;
      if (operation === 'raise' && ++raises <= 2) throw new Error('Command timed out');
      return await go();
    });
    expect((await rebuildCounters(database, busy, now)).state).toBe('done');
    expect({ begun, raises }).toEqual({ begun: 1, raises: 3 });
    await expectExactCounters(database);
  });

  it('can be aborted, and the next one may begin at once', async () => {
    await database.query(
      'test',
      "INSERT INTO ads (id, image_url, target_url) SELECT 'many-' || n, '', '' FROM generate_series(1, 150) n",
    );
    await recordBatch(
      database,
      Array.from({ length: 150 }, (_, index) => click(at, { adId: `many-${index + 1}` })),
    );
    const ending = new AbortController();
    const slow = withAround(store, async (operation, go) => {
      if (operation === 'renew_rebuild') ending.abort();
      return await go();
    });
    await expect(rebuildCounters(database, slow, now, ending.signal)).rejects.toThrow('aborted');
    expect((await readTrust(store.shards(), identity)).state).toBe('untrusted');
    expect((await rebuildCounters(database, store, now)).state).toBe('done');
  });

  it('leaves exact counters during live recording and repeated FLUSHALLs', async () => {
    const random = seeded(4);
    const ledger = ledgerOf(database);
    const events = randomEvents(random, 6_000, at, 3 * 3_600_000);
    let recording = true;
    const live = Promise.all(
      [0, 1].map(async (half) => {
        for (let from = half * 3_000; from < (half + 1) * 3_000; from += 50) {
          await ledger.recordQueued(events.slice(from, from + 50));
        }
      }),
    ).finally(() => {
      recording = false;
    });
    let rebuilds = 0;
    while (recording) {
      await store.redis.flushall();
      await rebuildCounters(database, store, now);
      rebuilds += 1;
    }
    await live;
    expect(rebuilds).toBeGreaterThan(3);
    expect((await readTrust(store.shards(), identity)).state).toBe('trusted');
    await expectExactRollups(database);
    await expectExactCounters(database);
  });

  it('keeps the higher counts of a batch that was recorded after the rebuild read its page', async () => {
    await recordBatch(database, [click(at)]);
    const ledger = ledgerOf(database);
    const raced = withAround(store, async (operation, go) => {
      // This batch is newer than the counts that the rebuild is about to raise.
      if (operation === 'raise') await ledger.recordQueued([click(at), click(at, { adId: 'ad-003' })]);
      return await go();
    });
    expect((await rebuildCounters(database, raced, now)).state).toBe('done');
    await expectExactCounters(database);
  });

  it('is interrupted while Redis is not connected', async () => {
    const unavailable: CounterStore = { ...store, shards: () => [{ ...store, instanceId: () => undefined }] };
    expect(await rebuildCounters(database, unavailable, now)).toMatchObject({ state: 'interrupted' });
  });
});

describe('trust', () => {
  it('ends when Redis restarts, even if it loads an older state from its file', async () => {
    const server = await testServers.redis({ persist: true });
    const kept = await openStore(testServers, server);
    const ledger = ledgerOf(database, kept);
    await ledger.recordQueued([click(at)]);
    await rebuildCounters(database, kept, now);
    expect((await readTrust(kept.shards(), identity)).state).toBe('trusted');
    await kept.redis.save();
    await ledger.recordQueued([click(at)]);
    const before = kept.instanceId();
    await server.kill();
    await server.start();
    await waitFor(() => kept.instanceId() && kept.instanceId() !== before, {
      timeoutMs: 10_000,
      what: 'the new Redis',
    });
    // Redis loaded its file: it is not empty.
    expect(await kept.redis.get(epoch())).toMatch(`${before}:`);
    expect(await readTrust(kept.shards(), identity)).toEqual({
      state: 'untrusted',
      reason: 'Redis restarted or evicted keys since it was filled',
    });
    expect((await rebuildCounters(database, kept, now)).state).toBe('done');
    expect((await readTrust(kept.shards(), identity)).state).toBe('trusted');
    await expectExactCounters(database, kept);
  });

  it('does not come back when Redis loads a file that was saved during a rebuild', async () => {
    const server = await testServers.redis({ persist: true });
    const kept = await openStore(testServers, server);
    const before = kept.instanceId();
    const killed = withAround(kept, async (operation, go) => {
      if (operation !== 'finish_rebuild') return await go();
      await kept.redis.save();
      await server.kill();
      await server.start();
      await waitFor(() => kept.instanceId() && kept.instanceId() !== before, {
        timeoutMs: 10_000,
        what: 'the new Redis',
      });
      return await go();
    });
    await recordBatch(database, [click(at)]);
    await rebuildCounters(database, killed, now);
    expect((await readTrust(kept.shards(), identity)).state).toBe('untrusted');
  });

  it('is not given to a Redis that may evict counters', async () => {
    const evicting = await openStore(
      testServers,
      await testServers.redis({ settings: { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' } }),
    );
    await rebuildCounters(database, evicting, now);
    expect(await readTrust(evicting.shards(), identity)).toMatchObject({
      state: 'untrusted',
      reason: expect.stringContaining('evict'),
    });
  });
});

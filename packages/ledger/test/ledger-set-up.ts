import { openTestServers } from '@ads/local';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import {
  type CounterStore,
  createLedger,
  type Database,
  type RecordingDatabase,
  readIdentity,
  readTrust,
  rebuildCounters,
} from '../src/index.js';
import { readAllCounters, visibleCounters } from './expected-counts.js';
import { openDatabase, openStore, type TestStore } from './servers.js';

/**
 * The set-up of a test file: a Redis that is empty before each test, and databases on demand. All events of the file happen
 * at one time, so that their buckets do not depend on how long a test takes.
 */
export function setUpLedger() {
  const testServers = openTestServers();
  const at = Date.now();
  const now = () => at;
  let opened: TestStore | undefined;
  const store = (): TestStore => {
    if (opened === undefined) throw new Error('the store is open from beforeAll on');
    return opened;
  };
  beforeAll(async () => {
    opened = await openStore(testServers, await testServers.redis());
  });
  afterAll(testServers.release);
  beforeEach(() => store().redis.flushall());

  return {
    testServers,
    at,
    now,
    store,
    newDatabase: async (): Promise<RecordingDatabase> => openDatabase(testServers, await testServers.database()),
    /** @param onRaiseFailure by default a failed raise fails the test */
    ledgerOf: (
      database: RecordingDatabase,
      counters: CounterStore = store(),
      onRaiseFailure = (error: unknown): void => expect(error).toBeUndefined(),
    ) =>
      createLedger({
        maxLabelValues: 100,
        minutesKept: LEAST_MINUTES_KEPT,
        database,
        store: counters,
        now,
        onRaiseFailure,
      }),
    rebuild: async (database: Database) => {
      expect((await rebuildCounters(database, store(), now)).state).toBe('done');
    },
    isTrusted: async (database: Database) =>
      (await readTrust(store().shards(), (await readIdentity(database)) ?? '')).state === 'trusted',
    /** Expects that Redis holds the counters of this database, and nothing else. */
    expectExactCounters: async (database: Database, counters: TestStore = store()) => {
      expect(await readAllCounters(counters.redis)).toEqual(await visibleCounters(database, at));
    },
    /** Expects that Redis holds the counters of this database, and nothing else under its identity. */
    expectOwnCounters: async (database: Database) => {
      const own = `ad:${await readIdentity(database)}:`;
      const held = Object.entries(await readAllCounters(store().redis)).filter(([key]) => key.startsWith(own));
      expect(Object.fromEntries(held)).toEqual(await visibleCounters(database, at));
    },
  };
}

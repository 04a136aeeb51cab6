import { waitFor } from '@ads/local';
import { perKind } from '@ads/models';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CounterStore,
  type RecordingDatabase,
  raiseDoubt,
  readDoubts,
  readStanding,
  rebuildCounters,
} from '../src/index.js';
import { click, expectExactRollups, hasDoubt, rows } from './expected-counts.js';
import { setUpLedger } from './ledger-set-up.js';
import { openStore, type TestStore, withAround } from './servers.js';

const { testServers, at, now, newDatabase, ledgerOf, rebuild, expectExactCounters, ...setUp } = setUpLedger();
let store: TestStore;
let database: RecordingDatabase;
let operations: string[];
beforeAll(() => {
  store = setUp.store();
});
beforeEach(async () => {
  const real = await newDatabase();
  operations = [];
  database = {
    ...real,
    query: (operation, text, values) => {
      operations.push(operation);
      return real.query(operation, text, values);
    },
  };
});

const ledgerOver = (counters: CounterStore, over: RecordingDatabase = database) =>
  ledgerOf(over, counters, () => undefined);

/** The statements that the ledger runs during `work`. */
async function operationsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = operations.length;
  await work();
  return operations.slice(before);
}

const hasLastingDoubt = async (seconds: number) => (await readStanding(database, seconds)).doubted;

async function expectHealed(): Promise<void> {
  await rebuild(database);
  expect(await hasDoubt(database)).toBe(false);
  await expectExactRollups(database);
  await expectExactCounters(database);
}

describe('a batch of the queue', () => {
  it('leaves no doubt after its counters were raised, and needs no further query', async () => {
    const ledger = ledgerOver(store);
    expect(await operationsOf(() => ledger.recordQueued([click(at)]))).toEqual(['record_batch']);
    expect(await hasDoubt(database)).toBe(false);
    await expectExactCounters(database);
  });

  it('stores a doubt before it returns while Redis is unavailable; later batches store it in their transaction', async () => {
    const server = await testServers.redis();
    const lost = await openStore(testServers, server);
    const ledger = ledgerOver(lost);
    await ledger.recordQueued([click(at)]);
    await server.kill();
    await ledger.recordQueued([click(at)]);
    const [first] = await readDoubts(database);
    expect(first).toBeDefined();
    expect(await operationsOf(() => ledger.recordQueued([click(at)]))).toEqual(['record_batch']);
    const [renewed, ...others] = await readDoubts(database);
    expect(others).toEqual([]);
    expect(renewed?.writer).toBe(first?.writer);
    expect(renewed?.stamp).toBeGreaterThan(first?.stamp ?? Number.POSITIVE_INFINITY);
    await expectHealed();
  });

  it('stores a doubt until a raise succeeds, and the doubt remains until a rebuild', async () => {
    let away = true;
    const ledger = ledgerOver(
      withAround(store, async (_operation, go) => {
        if (away) throw new Error('away');
        return await go();
      }),
    );
    await ledger.recordQueued([click(at)]);
    away = false;
    await ledger.recordQueued([click(at)]);
    expect(await hasDoubt(database)).toBe(true);
    expect(await operationsOf(() => ledger.recordQueued([click(at)]))).toEqual(['record_batch']);
    const [before] = await readDoubts(database);
    await ledger.recordQueued([click(at)]);
    expect(await readDoubts(database)).toEqual([before]);
    await expectHealed();
  });

  it('fails if its counters were not raised and no doubt could be stored', async () => {
    const ledger = ledgerOver(
      withAround(store, async () => {
        throw new Error('Redis is unavailable');
      }),
      {
        ...database,
        query: (operation, text, values) =>
          operation === 'raise_doubt'
            ? Promise.reject(new Error('Postgres is unavailable'))
            : database.query(operation, text, values),
      },
    );
    await expect(ledger.recordQueued([click(at)])).rejects.toThrow('Postgres is unavailable');
  });
});

describe('a batch that only this process holds', () => {
  it('has a doubt from its commit until its counters are raised', async () => {
    const doubted: boolean[] = [];
    const ledger = ledgerOver(
      withAround(store, async (_operation, go) => {
        doubted.push(await hasDoubt(database));
        return await go();
      }),
    );
    await ledger.recordUnqueued([click(at)]);
    expect(doubted).toEqual([true]);
    expect(await hasDoubt(database)).toBe(false);
    await expectExactCounters(database);
  });

  it('keeps its doubt if the writer dies between commit and raise, and a rebuild clears it', async () => {
    await rebuildCounters(database, store, now);
    let died = false;
    const dying = ledgerOver(
      withAround(store, () => {
        died = true;
        return new Promise(() => undefined);
      }),
    );
    void dying.recordUnqueued([click(at)]);
    await waitFor(() => died, { timeoutMs: 10_000, what: 'the writer to die after its commit' });
    expect(await rows(database, 'SELECT FROM ad_events')).toHaveLength(1);
    expect(await hasDoubt(database)).toBe(true);
    expect(await hasLastingDoubt(3_600)).toBe(false);
    await waitFor(() => hasLastingDoubt(0.001), { timeoutMs: 5_000, what: 'the doubt to last' });
    await expectHealed();
    expect(await hasLastingDoubt(0)).toBe(false);
  });

  it('keeps an old doubt after the clock of Postgres was set back', async () => {
    await rebuildCounters(database, store, now);
    await database.query(
      'test',
      "INSERT INTO counter_doubts (writer, since) VALUES ('dead', now() + interval '4 hours')",
    );
    expect(await hasLastingDoubt(3_600)).toBe(true);
    await expectHealed();
  });

  it('keeps its doubt after a failed raise, even if the raise of another batch succeeds at the same time', async () => {
    const failing = click(at);
    let held: (() => void) | undefined;
    // One raise fails and the other succeeds in the same turn of the event loop.
    const ledger = ledgerOver(
      withAround(store, async (_operation, go) => {
        if (held === undefined) {
          await new Promise<void>((resolve) => {
            held = resolve;
          });
          throw new Error('away');
        }
        const result = await go();
        held();
        return result;
      }),
    );
    const first = ledger.recordUnqueued([failing]);
    await waitFor(() => held !== undefined, { timeoutMs: 10_000, what: 'the first commit' });
    await Promise.all([first, ledger.recordUnqueued([click(at)])]);
    expect(await readDoubts(database)).toHaveLength(1);
    await expectHealed();
  });

  it('is recorded even if its doubt cannot be deleted', async () => {
    const ledger = ledgerOver(store, {
      ...database,
      query: (operation, text, values) =>
        operation === 'settle_doubt' ? Promise.reject(new Error('away')) : database.query(operation, text, values),
    });
    expect((await ledger.recordUnqueued([click(at)])).added).toEqual({ ...perKind(() => 0), click: 1 });
    expect(await hasDoubt(database)).toBe(true);
  });
});

describe('a doubt', () => {
  it('that is renewed during a rebuild remains, and the next rebuild clears it', async () => {
    await raiseDoubt(database, 'renewed');
    await raiseDoubt(database, 'old');
    const meanwhile = withAround(store, async (operation, go) => {
      if (operation === 'begin_rebuild') {
        await raiseDoubt(database, 'renewed');
        await raiseDoubt(database, 'new');
      }
      return await go();
    });
    expect((await rebuildCounters(database, meanwhile, now)).state).toBe('done');
    expect((await readDoubts(database)).map(({ writer }) => writer).sort()).toEqual(['new', 'renewed']);
    await expectHealed();
  });

  it('is not cleared by an interrupted rebuild', async () => {
    await raiseDoubt(database, 'writer');
    const flushed = withAround(store, async (operation, go) => {
      if (operation === 'finish_rebuild') await store.redis.flushall();
      return await go();
    });
    expect((await rebuildCounters(database, flushed, now)).state).toBe('interrupted');
    expect(await hasDoubt(database)).toBe(true);
  });
});

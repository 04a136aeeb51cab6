import { describe, expect, it } from '@jest/globals';
import { createGroupCommit, type GroupLimits, Refused } from '../src/group-commit.js';

const ROOMY: GroupLimits = { maxBatch: 100, maxInFlight: 4, maxQueued: 1_000, maxWaitMs: 60_000 };

/** A write that the test ends. */
function heldWrite() {
  const batches: { items: readonly number[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const write = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      batches.push({ items, finish: () => resolve(items.map((item) => `kept ${item}`)), fail: reject });
    });
  return { batches, write };
}

/** Resolves after this turn of the event loop and the next. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('group commit', () => {
  it('writes a single item at once', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, ROOMY);
    const result = groups.submit(7);
    await turns();
    expect(batches.map(({ items }) => items)).toEqual([[7]]);
    batches[0]?.finish();
    expect(await result).toBe('kept 7');
  });

  it('writes the items of one turn of the event loop together, and returns each caller its own result', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, ROOMY);
    const results = Promise.all(upTo(5).map(groups.submit));
    await turns();
    expect(batches).toHaveLength(1);
    batches[0]?.finish();
    expect(await results).toEqual(upTo(5).map((item) => `kept ${item}`));
  });

  it('collects items while a batch is in flight', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, ROOMY);
    void groups.submit(1);
    await turns();
    void groups.submit(2);
    batches[0]?.finish();
    void groups.submit(3);
    await turns();
    expect(batches.map(({ items }) => items)).toEqual([[1], [2, 3]]);
  });

  it('delays a batch only briefly while fewer than maxInFlight batches are in flight', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, ROOMY);
    const first = groups.submit(1);
    await turns();
    const second = groups.submit(2);
    await until(() => batches.length === 2);
    batches[1]?.finish();
    expect(await second).toBe('kept 2');
    batches[0]?.finish();
    expect(await first).toBe('kept 1');
  });

  it('writes a full batch at once', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { ...ROOMY, maxBatch: 3 });
    void groups.submit(0);
    await turns();
    for (const item of [1, 2, 3]) void groups.submit(item);
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches.map(({ items }) => items)).toEqual([[0], [1, 2, 3]]);
  });

  it('collects items in order while maxInFlight batches are in flight, and writes them when one ends', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { ...ROOMY, maxInFlight: 2 });
    void groups.submit(0);
    await turns();
    void groups.submit(1);
    await until(() => batches.length === 2);
    for (const item of [2, 3, 4]) {
      void groups.submit(item);
      await turns();
    }
    expect(batches).toHaveLength(2);
    expect(groups.queued()).toBe(3);
    batches[0]?.finish();
    await turns();
    expect(batches.map(({ items }) => items)).toEqual([[0], [1], [2, 3, 4]]);
    expect(groups.queued()).toBe(0);
  });

  it('never exceeds maxBatch items per batch or maxInFlight batches, and loses no item', async () => {
    const sizes: number[] = [];
    let inFlight = 0;
    let most = 0;
    const groups = createGroupCommit<number, number>(
      async (items) => {
        sizes.push(items.length);
        inFlight += 1;
        most = Math.max(most, inFlight);
        await turns();
        inFlight -= 1;
        return items;
      },
      { maxBatch: 7, maxInFlight: 3, maxQueued: 1_000, maxWaitMs: 60_000 },
    );
    const results = await Promise.all(
      upTo(500).map(async (item) => {
        if (item % 11 === 0) await turns();
        return await groups.submit(item);
      }),
    );
    expect(results).toEqual(upTo(500));
    expect(Math.max(...sizes)).toBe(7);
    expect(most).toBe(3);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(500);
  });

  it('refuses only items that waited too long', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { maxBatch: 2, maxInFlight: 1, maxQueued: 10, maxWaitMs: 50 });
    const written = groups.submit(0);
    await turns();
    const late = await Promise.allSettled([1, 2].map(groups.submit));
    expect(late.map((result) => result.status === 'rejected' && result.reason instanceof Refused)).toEqual([
      true,
      true,
    ]);
    // An item in flight may already be durable; only its write shows that.
    batches[0]?.finish();
    expect(await written).toBe('kept 0');
    const after = groups.submit(3);
    await turns();
    batches[1]?.finish();
    expect(await after).toBe('kept 3');
    expect(batches.flatMap(({ items }) => items)).toEqual([0, 3]);
    await groups.idle();
  });

  it('refuses items at once when the queue is full, and accepts them again later', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { maxBatch: 2, maxInFlight: 1, maxQueued: 3, maxWaitMs: 60_000 });
    void groups.submit(0);
    await turns();
    const waiting = [1, 2, 3].map(groups.submit);
    await expect(groups.submit(4)).rejects.toBeInstanceOf(Refused);
    batches[0]?.finish();
    await turns();
    const after = groups.submit(5);
    batches[1]?.finish();
    await turns();
    batches[2]?.finish();
    expect(await Promise.all([...waiting, after])).toEqual(['kept 1', 'kept 2', 'kept 3', 'kept 5']);
    expect(batches.flatMap(({ items }) => items)).toEqual([0, 1, 2, 3, 5]);
  });

  it('rejects only the callers of a failed write', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { ...ROOMY, maxBatch: 2 });
    const outcomes = Promise.allSettled(upTo(4).map(groups.submit));
    await turns();
    batches[0]?.fail(new Error('away'));
    batches[1]?.finish();
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: new Error('away') },
      { status: 'rejected', reason: new Error('away') },
      { status: 'fulfilled', value: 'kept 2' },
      { status: 'fulfilled', value: 'kept 3' },
    ]);
  });

  it('gives one caller of many items the results that several callers would get', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { maxBatch: 2, maxInFlight: 2, maxQueued: 6, maxWaitMs: 50 });
    const [outcomes, single] = [groups.submitAll(upTo(7)), groups.submitAll([])];
    expect(await single).toEqual([]);
    await turns();
    expect(batches.map(({ items }) => items)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    // The items 4 and 5 wait too long.
    await until(() => groups.queued() === 0);
    batches[1]?.finish();
    batches[0]?.fail(new Error('away'));
    const reasons = (await outcomes).map((result) =>
      result.status === 'fulfilled' ? result.value : (result.reason as Error).message,
    );
    const late = 'waited 50 ms to be written';
    expect(reasons).toEqual(['away', 'away', 'kept 2', 'kept 3', late, late, 'too many items wait to be written']);
  });

  it('continues after a write that throws instead of returning a promise', async () => {
    let broken = true;
    const groups = createGroupCommit<number, number>(
      (items) => {
        if (broken) throw new Error('bug');
        return Promise.resolve(items);
      },
      { ...ROOMY, maxInFlight: 1 },
    );
    await expect(groups.submit(1)).rejects.toThrow('bug');
    broken = false;
    expect(await groups.submit(2)).toBe(2);
  });

  it('is idle when no item waits or is in flight, also after failures', async () => {
    const { batches, write } = heldWrite();
    const groups = createGroupCommit(write, { ...ROOMY, maxBatch: 1, maxInFlight: 1 });
    await groups.idle();
    const outcomes = Promise.allSettled([1, 2].map(groups.submit));
    let idle = false;
    const waiting = [groups.idle(), groups.idle()].map((promise) =>
      promise.then(() => {
        idle = true;
      }),
    );
    await turns();
    batches[0]?.finish();
    await turns();
    expect([batches.length, idle]).toEqual([2, false]);
    batches[1]?.fail(new Error('away'));
    await Promise.all(waiting);
    await outcomes;
    await groups.idle();
  });
});

import { describe, expect, it } from '@jest/globals';
import { createCachedList } from '../src/cached-list.js';
import type { CountersResult } from '../src/counters.js';

/** A cached list with a clock and reads that the test controls. */
function listOf(maxAgeMs: number) {
  const clock = { now: 1_000_000, ledger: 'ledger.state' };
  const reads: { finish: () => CountersResult; fail: () => void }[] = [];
  const ask = createCachedList(
    () =>
      new Promise<CountersResult>((resolve, reject) => {
        reads.push({
          finish: () => {
            const result: CountersResult = { source: 'redis', counters: [] };
            resolve(result);
            return result;
          },
          fail: () => reject(new Error('away')),
        });
      }),
    maxAgeMs,
    () => clock.ledger,
    () => clock.now,
  );
  return { clock, reads, ask };
}

describe('a cached list', () => {
  it('is read once for all concurrent callers', async () => {
    const { reads, ask } = listOf(500);
    const answers = Promise.all([ask(), ask(), ask()]);
    expect(reads).toHaveLength(1);
    const result = reads[0]?.finish();
    for (const answer of await answers) expect(answer).toBe(result);
  });

  it('is served until its maximum age, counted from the start of the read', async () => {
    const { clock, reads, ask } = listOf(500);
    const first = ask();
    // The read takes time, and the age of its result counts from its start.
    clock.now += 10;
    const result = reads[0]?.finish();
    await first;
    clock.now += 489;
    expect(await ask()).toBe(result);
    clock.now += 1;
    const second = ask();
    expect(reads).toHaveLength(2);
    reads[1]?.finish();
    expect(await second).not.toBe(result);
  });

  it('is kept for at least ten times the duration of the read', async () => {
    const { clock, reads, ask } = listOf(500);
    const first = ask();
    clock.now += 1_000;
    const result = reads[0]?.finish();
    await first;
    clock.now += 8_999;
    expect(await ask()).toBe(result);
    clock.now += 1;
    const second = ask();
    expect(reads).toHaveLength(2);
    reads[1]?.finish();
    await second;
  });

  it('expires even if the clock is set back', async () => {
    const { clock, reads, ask } = listOf(500);
    const first = ask();
    reads[0]?.finish();
    await first;
    clock.now -= 3_600_000;
    const second = ask();
    expect(reads).toHaveLength(2);
    reads[1]?.finish();
    await second;
  });

  it('is read again after the database was restored or replaced', async () => {
    const { clock, reads, ask } = listOf(500);
    const first = ask();
    const before = reads[0]?.finish();
    await first;
    clock.ledger = 'ledger.restored';
    const second = ask();
    expect(reads).toHaveLength(2);
    reads[1]?.finish();
    expect(await second).not.toBe(before);
  });

  it('rejects all waiting callers when the read fails, and reads again for the next one', async () => {
    const { reads, ask } = listOf(500);
    const failures = Promise.allSettled([ask(), ask()]);
    reads[0]?.fail();
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = ask();
    expect(reads).toHaveLength(2);
    const result = reads[1]?.finish();
    expect(await next).toBe(result);
  });
});

import { afterEach, expect, jest, test } from '@jest/globals';
import type { Options } from 'express-rate-limit';
import { BoundedStore } from '../src/bounded-store.js';

const CAPACITY = 1_000;
const store = new BoundedStore(CAPACITY);
store.init({ windowMs: 60_000 } as Options);
afterEach(() => store.shutdown());

test('it holds no more addresses than it may, and still counts one that is seen again and again', async () => {
  let hits = 0;
  for (let stranger = 0; stranger < 5 * CAPACITY; stranger += 1) {
    await store.increment(`stranger ${stranger}`);
    if (stranger % 100 === 0) ({ totalHits: hits } = await store.increment('regular'));
    expect(store.current.size + store.previous.size).toBeLessThanOrEqual(CAPACITY);
  }
  expect(hits).toBe(50);
});

test('a window ends though the system clock is set back', async () => {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    await store.increment('player');
    expect((await store.increment('player')).totalHits).toBe(2);
    clock.mockReturnValue(now - 3_600_000);
    const { totalHits, resetTime } = await store.increment('player');
    expect(totalHits).toBe(1);
    expect(resetTime?.getTime()).toBeLessThanOrEqual(now - 3_600_000 + 60_000);
  } finally {
    clock.mockRestore();
  }
});

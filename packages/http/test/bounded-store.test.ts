import { afterEach, expect, test } from '@jest/globals';
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

import { describe, expect, it } from '@jest/globals';
import { createClockCache } from '../src/clock-cache.js';

describe('the cache of bounded size', () => {
  it('drops what has not been read, however long it works', () => {
    const cache = createClockCache<number>(3);
    for (const key of ['a', 'b', 'c']) cache.set(key, 1);
    cache.get('a');
    cache.peek('b');
    cache.set('d', 1);
    expect([...cache.keys()]).toEqual(['a', 'c', 'd']);
    cache.delete('a');
    cache.set('c', 2);
    expect([cache.get('a'), cache.get('c'), cache.size()]).toEqual([undefined, 2, 2]);
    // Every entry has been read: the hand goes around once, and drops one.
    for (let i = 0; i < 10_000; i += 1) {
      cache.set(`new-${i}`, i);
      for (const key of cache.keys()) cache.get(key);
    }
    expect([cache.size(), cache.get('new-9999')]).toEqual([3, 9_999]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { BUCKETS_PER_FIELD, unpackBuckets } from '../src/index.js';

const hash = (...bytes: number[]) => ({ 7: Uint8Array.from(bytes) });
const first = 7 * BUCKETS_PER_FIELD;

describe('a field of packed counters', () => {
  it('is its sum and each bucket in order, without those of no clicks', () => {
    expect(unpackBuckets(hash(6, 4, 0, 2))).toEqual([
      [first, 4],
      [first + 2, 2],
    ]);
    expect(unpackBuckets({ ...hash(1, 1), 8: Uint8Array.from([5, 5]) })).toEqual([
      [first, 1],
      [first + BUCKETS_PER_FIELD, 5],
    ]);
    expect(unpackBuckets({})).toEqual([]);
  });

  it('holds numbers of every size', () => {
    const sizes: [number, number[]][] = [
      [127, [0x7f]],
      [255, [0xcc, 0xff]],
      [65_535, [0xcd, 0xff, 0xff]],
      [2 ** 32 - 1, [0xce, 0xff, 0xff, 0xff, 0xff]],
      [2 ** 32 + 2, [0xcf, 0, 0, 0, 1, 0, 0, 0, 2]],
    ];
    for (const [count, bytes] of sizes) expect(unpackBuckets(hash(...bytes, ...bytes))).toEqual([[first, count]]);
  });

  it.each([
    ['a sum that is too great', [3, 1, 1]],
    ['a sum that is too small', [1, 1, 1]],
    ['no sum', []],
    ['more buckets than there are', [61, ...new Array(61).fill(1)]],
    ['a text', [0xa1, 0x41]],
    ['half a number', [0xcd, 1]],
  ])('is refused with %s', (_what, bytes) => {
    expect(() => unpackBuckets(hash(...bytes))).toThrow();
  });
});

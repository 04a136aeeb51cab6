import { describe, expect, it } from '@jest/globals';
import { BUCKETS_PER_FIELD, unpackBuckets } from '../src/index.js';

const hash = (...bytes: number[]) => ({ 7: Uint8Array.from(bytes) });
const first = 7 * BUCKETS_PER_FIELD;

describe('a field of packed counters', () => {
  it('consists of its width, its sum and each bucket with clicks, in order', () => {
    expect(unpackBuckets(hash(1, 0, 6, 4, 0, 2))).toEqual([
      [first, 4],
      [first + 2, 2],
    ]);
    expect(unpackBuckets({ ...hash(1, 0, 1, 1, 0), 8: Uint8Array.from([1, 0, 5, 5]) })).toEqual([
      [first, 1],
      [first + BUCKETS_PER_FIELD, 5],
    ]);
    expect(unpackBuckets({})).toEqual([]);
  });

  it('holds numbers of every size', () => {
    const sizes: [number, number[]][] = [
      [255, [0xff]],
      [65_535, [0xff, 0xff]],
      [2 ** 32 + 2, [1, 0, 0, 0, 2]],
      [Number.MAX_SAFE_INTEGER, [0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ];
    for (const [count, bytes] of sizes) {
      expect(unpackBuckets(hash(bytes.length, 0, ...bytes, ...bytes))).toEqual([[first, count]]);
    }
  });

  it.each([
    ['a sum that is too great', [1, 0, 3, 1, 1]],
    ['a sum that is too small', [1, 0, 1, 1, 1]],
    ['no sum', [1, 0]],
    ['nothing', []],
    ['more buckets than there are', [1, 0, 61, ...new Array(61).fill(1)]],
    ['a width of 0', [0, 1, 1]],
    ['a width of 8, which is too great', [8, ...new Array(17).fill(0)]],
    ['half a number', [2, 0, 0, 1, 0, 1, 0]],
  ])('is refused with %s', (_what, bytes) => {
    expect(() => unpackBuckets(hash(...bytes))).toThrow();
  });
});

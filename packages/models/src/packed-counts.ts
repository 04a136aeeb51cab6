import { BUCKETS_PER_FIELD } from './counter-keys.js';

/*
 * Layout of a packed field: one byte with the width of a count in bytes; the sum of all counts, one byte wider; the count of
 * each bucket in order of time. Numbers are big-endian. Trailing zero counts may be omitted. All counts have the same width, so
 * that a script finds and replaces one without reading the others. Only scripts in Redis write and read the layout
 * (`raise-counters.lua`, `read-windows.lua`); this code checks their results.
 */

/**
 * Returns the buckets of a Redis hash as `[bucket, clicks]`, without empty ones.
 *
 * @throws Error if a field does not have this layout, or its sum is wrong
 */
export function unpackBuckets(hash: Readonly<Record<string, Uint8Array>>): [bucket: number, clicks: number][] {
  return Object.entries(hash).flatMap(([field, packed]) => {
    const width = packed[0] ?? 0;
    const length = packed.length - width - 2;
    if (width < 1 || width > WIDEST || length < 0 || length % width !== 0) {
      throw new Error(`the field ${field} is not packed`);
    }
    const sum = readNumber(packed.subarray(1, width + 2));
    const counts = Array.from({ length: length / width }, (_, place) =>
      readNumber(packed.subarray((place + 1) * width + 2, (place + 2) * width + 2)),
    );
    const found = counts.reduce((total, count) => total + count, 0);
    if (sum !== found || counts.length > BUCKETS_PER_FIELD) {
      throw new Error(`the field ${field} has the sum ${sum}, but its ${counts.length} counts add up to ${found}`);
    }
    const first = Number(field) * BUCKETS_PER_FIELD;
    return counts.flatMap((count, place): [number, number][] => (count === 0 ? [] : [[first + place, count]]));
  });
}

/** Bytes of the largest integer that a Lua number represents exactly. */
const WIDEST = 7;

function readNumber(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

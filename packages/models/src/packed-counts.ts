import { BUCKETS_PER_FIELD } from './counter-keys.js';

/*
 * How the buckets of a field are packed: a byte that says how many bytes a count takes; the sum of all counts, in a byte
 * more; and then the count of each bucket, in order of time. Numbers begin with their highest byte. Zeros at the end may be
 * left out. Counts are of one width, so that one of them is found and replaced without looking at the others. Only scripts
 * in Redis do it (`raise-counters.lua`, `read-windows.lua`); this is for those who check what they did.
 */

/**
 * The buckets in a hash of them, as Redis holds it: `[bucket, clicks]`, without those of no clicks.
 *
 * @throws Error where a sum is not that of its buckets, or a field is not packed like this
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
      throw new Error(`the field ${field} says ${sum} of ${counts.length} counters that are ${found} together`);
    }
    const first = Number(field) * BUCKETS_PER_FIELD;
    return counts.flatMap((count, place): [number, number][] => (count === 0 ? [] : [[first + place, count]]));
  });
}

/** Bytes, in which every whole number fits that a script can count to. */
const WIDEST = 7;

function readNumber(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

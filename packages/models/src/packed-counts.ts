import { BUCKETS_PER_FIELD } from './counter-keys.js';

/*
 * How the buckets of a field are packed: their sum, and then the count of each in order of time, as MessagePack has
 * whole numbers. Zeros at the end are left out. Only scripts in Redis do it (`raise-counters.lua`, `read-windows.lua`);
 * this is for those who check what they did.
 */

/**
 * The buckets in a hash of them, as Redis holds it: `[bucket, clicks]`, without those of no clicks.
 *
 * @throws Error where a sum is not that of its buckets, or a field is not packed like this
 */
export function unpackBuckets(hash: Readonly<Record<string, Uint8Array>>): [bucket: number, clicks: number][] {
  return Object.entries(hash).flatMap(([field, packed]) => {
    const [sum, ...counts] = readNumbers(packed);
    const found = counts.reduce((total, count) => total + count, 0);
    if (sum !== found || counts.length > BUCKETS_PER_FIELD) {
      throw new Error(`the field ${field} says ${sum} of ${counts.length} counters that are ${found} together`);
    }
    const first = Number(field) * BUCKETS_PER_FIELD;
    return counts.flatMap((count, place): [number, number][] => (count === 0 ? [] : [[first + place, count]]));
  });
}

/** How many bytes follow each of the type bytes from here on: 8, 16, 32 and 64 bits. */
const FIRST_TYPE = 0xcc;
const WIDTHS = [1, 2, 4, 8];

function readNumbers(packed: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < packed.length; ) {
    const type = packed[at] ?? 0;
    at += 1;
    if (type < 0x80) {
      numbers.push(type);
      continue;
    }
    const width = WIDTHS[type - FIRST_TYPE];
    if (width === undefined || at + width > packed.length) throw new Error(`no whole number at byte ${at - 1}`);
    let number = 0;
    for (const byte of packed.subarray(at, at + width)) number = number * 256 + byte;
    numbers.push(number);
    at += width;
  }
  return numbers;
}

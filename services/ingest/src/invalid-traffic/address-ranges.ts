import { V4_WORD, WORD_BITS, WORDS } from './address-words.js';

/**
 * Ranges of addresses (CIDR) in ascending order, none within another. A range of IPv4 takes 5 bytes, a range of IPv6 17.
 * IPv6 ranges that are mapped IPv4 ranges are IPv4 ranges.
 */
export interface AddressRanges {
  /** The first address of each IPv4 range. */
  readonly v4: Uint32Array<ArrayBuffer>;
  /** The length of the prefix of each IPv4 range, in bits. */
  readonly v4Prefixes: Uint8Array<ArrayBuffer>;
  /** The first address of each IPv6 range, in four words. */
  readonly v6: Uint32Array<ArrayBuffer>;
  readonly v6Prefixes: Uint8Array<ArrayBuffer>;
}

/** The number of ranges. */
export function countOf({ v4Prefixes, v6Prefixes }: AddressRanges): number {
  return v4Prefixes.length + v6Prefixes.length;
}

/** True if one of the ranges contains the address that `readWords` has read. 100,000 ranges take 0.2 µs. */
export function contains(ranges: AddressRanges, isV4: boolean, words: Uint32Array): boolean {
  return isV4 ? containsV4(ranges, words[V4_WORD] ?? 0) : containsV6(ranges, words);
}

function containsV4({ v4, v4Prefixes }: AddressRanges, word: number): boolean {
  let from = 0;
  let to = v4.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((v4[middle] ?? 0) <= word) from = middle + 1;
    else to = middle;
  }
  // The ranges do not overlap, so only the last one that begins at or before the address can contain it.
  return from > 0 && isWithin(word, v4[from - 1] ?? 0, v4Prefixes[from - 1] ?? 0);
}

function containsV6({ v6, v6Prefixes }: AddressRanges, words: Uint32Array): boolean {
  let from = 0;
  let to = v6Prefixes.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isAtMost(v6, WORDS * middle, words)) from = middle + 1;
    else to = middle;
  }
  return from > 0 && sharePrefix(v6, from - 1, words, 0, v6Prefixes[from - 1] ?? 0);
}

/** True if the addresses at these places of two lists of IPv6 addresses have the same first `prefix` bits. */
export function sharePrefix(
  list: Uint32Array,
  place: number,
  otherList: Uint32Array,
  otherPlace: number,
  prefix: number,
): boolean {
  for (let word = 0; WORD_BITS * word < prefix; word += 1) {
    const bits = Math.min(WORD_BITS, prefix - WORD_BITS * word);
    if (!isWithin(list[WORDS * place + word] ?? 0, otherList[WORDS * otherPlace + word] ?? 0, bits)) return false;
  }
  return true;
}

/** True if the first `bits` bits of both words are equal. */
function isWithin(word: number, start: number, bits: number): boolean {
  // A shift by 32 bits would shift by none.
  return bits === 0 || (word ^ start) >>> (WORD_BITS - bits) === 0;
}

function isAtMost(starts: Uint32Array, at: number, words: Uint32Array): boolean {
  for (let word = 0; word < WORDS; word += 1) {
    const start = starts[at + word] ?? 0;
    const other = words[word] ?? 0;
    if (start !== other) return start < other;
  }
  return true;
}

import { isIP } from 'node:net';
import { type AddressRanges, sharePrefix } from './address-ranges.js';
import { readWords, V4_WORD, WORD_BITS, WORDS } from './address-words.js';

const V4_BITS = WORD_BITS;
const V6_BITS = 128;
const MAPPED_BITS = V6_BITS - V4_BITS;
/** Above the greatest length of a prefix. A range of IPv4 as one number is its first address times this, plus its prefix. */
const PREFIXES = 64;

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

const FIRST_CAPACITY = 1_024;

/** Collects ranges of addresses in any order. */
export interface RangeCollector {
  /**
   * Adds a range (CIDR) or a single address.
   *
   * @returns the reason why the text is neither; undefined if it was added
   */
  add(text: string): string | undefined;
  /** Ranges so far, including those within others. */
  count(): number;
  /** The ranges in order, without those that are within others. */
  ranges(): AddressRanges;
}

export function createRangeCollector(): RangeCollector {
  const words = new Uint32Array(WORDS);
  let v4 = new Float64Array(FIRST_CAPACITY);
  let v4Count = 0;
  let v6 = new Uint32Array(0);
  let v6Prefixes = new Uint8Array(0);
  let v6Count = 0;

  function addV4(prefix: number): void {
    if (v4Count === v4.length) v4 = larger(v4, new Float64Array(2 * v4.length));
    v4[v4Count] = (words[V4_WORD] ?? 0) * PREFIXES + prefix;
    v4Count += 1;
  }

  function addV6(prefix: number): void {
    if (v6Count === v6Prefixes.length) {
      const capacity = Math.max(FIRST_CAPACITY, 2 * v6Count);
      v6 = larger(v6, new Uint32Array(WORDS * capacity));
      v6Prefixes = larger(v6Prefixes, new Uint8Array(capacity));
    }
    v6.set(words, WORDS * v6Count);
    v6Prefixes[v6Count] = prefix;
    v6Count += 1;
  }

  return {
    add(text) {
      const slash = text.indexOf('/');
      const address = slash === -1 ? text : text.slice(0, slash);
      const version = address.includes('%') ? 0 : isIP(address);
      if (version === 0) return 'is neither an address nor a range (CIDR)';
      const bits = version === 4 ? V4_BITS : V6_BITS;
      const given = slash === -1 ? String(bits) : text.slice(slash + 1);
      const prefix = PREFIX.test(given) ? Number(given) : Number.POSITIVE_INFINITY;
      if (prefix > bits) return `has a prefix length that is not 0 to ${bits}`;
      const isV4 = readWords(address, words);
      const isMapped = isV4 && version === 6 && prefix >= MAPPED_BITS;
      if (hasBitsAfter(words, version === 4 ? prefix + MAPPED_BITS : prefix)) {
        return 'has bits after its prefix; write the first address of the range, or the address alone';
      }
      if (isMapped) addV4(prefix - MAPPED_BITS);
      else if (version === 4) addV4(prefix);
      else addV6(prefix);
      return undefined;
    },
    count: () => v4Count + v6Count,
    ranges: () => ({ ...sortedV4(v4.subarray(0, v4Count)), ...sortedV6(v6, v6Prefixes.subarray(0, v6Count)) }),
  };
}

function larger<Numbers extends { set(numbers: Numbers): void }>(numbers: Numbers, empty: Numbers): Numbers {
  empty.set(numbers);
  return empty;
}

/** True if a bit of the address after the prefix is set. A word of IPv4 is the last one. */
function hasBitsAfter(words: Uint32Array, prefix: number): boolean {
  for (let word = Math.floor(prefix / WORD_BITS); word < WORDS; word += 1) {
    const bits = Math.max(0, prefix - WORD_BITS * word);
    if (((words[word] ?? 0) << bits) >>> 0 !== 0) return true;
  }
  return false;
}

/** Sorts the numbers in place. Ranges are nested or disjoint, so a range is within the last one kept or within none. */
function sortedV4(numbers: Float64Array): Pick<AddressRanges, 'v4' | 'v4Prefixes'> {
  numbers.sort();
  let kept = 0;
  let end = -1;
  for (const number of numbers) {
    const prefix = number % PREFIXES;
    const start = (number - prefix) / PREFIXES;
    if (start <= end) continue;
    end = start + 2 ** (V4_BITS - prefix) - 1;
    numbers[kept] = number;
    kept += 1;
  }
  const v4 = new Uint32Array(kept);
  const v4Prefixes = new Uint8Array(kept);
  for (let index = 0; index < kept; index += 1) {
    const number = numbers[index] ?? 0;
    v4Prefixes[index] = number % PREFIXES;
    v4[index] = Math.floor(number / PREFIXES);
  }
  return { v4, v4Prefixes };
}

function sortedV6(starts: Uint32Array, prefixes: Uint8Array): Pick<AddressRanges, 'v6' | 'v6Prefixes'> {
  const order = Uint32Array.from(prefixes, (_, index) => index).sort(
    (one, other) => compare(starts, one, other) || (prefixes[one] ?? 0) - (prefixes[other] ?? 0),
  );
  let kept = 0;
  for (const index of order) {
    const last = order[kept - 1];
    if (last !== undefined && sharePrefix(starts, index, starts, last, prefixes[last] ?? 0)) continue;
    order[kept] = index;
    kept += 1;
  }
  const v6 = new Uint32Array(WORDS * kept);
  const v6Prefixes = new Uint8Array(kept);
  for (let place = 0; place < kept; place += 1) {
    const index = order[place] ?? 0;
    v6.set(starts.subarray(WORDS * index, WORDS * (index + 1)), WORDS * place);
    v6Prefixes[place] = prefixes[index] ?? 0;
  }
  return { v6, v6Prefixes };
}

function compare(starts: Uint32Array, one: number, other: number): number {
  for (let word = 0; word < WORDS; word += 1) {
    const difference = (starts[WORDS * one + word] ?? 0) - (starts[WORDS * other + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
/** Makes the code of a letter that of its lower case. */
const LOWER = 32;
const LETTER_A = 97;

const GROUPS = 8;
const MAPPED_PREFIX = 0xffff;

/** 32-bit numbers of an address. */
export const WORDS = 4;
export const WORD_BITS = 32;
/** The word of an IPv4 address, and of an IPv4 address that is mapped to IPv6. */
export const V4_WORD = 3;

/** The groups of the address that is being read: a new array for each address would take 50 ns. */
const groups = new Uint16Array(GROUPS);

/**
 * Reads a valid IPv4 or IPv6 address without a zone, in any spelling, such as `::ffff:203.0.113.9`. Takes 0.05 to 0.2 µs.
 *
 * @param words gets the address: an IPv4 address in word {@link V4_WORD}, as one that is mapped to IPv6
 * @returns true for an IPv4 address, also for one that is mapped to IPv6
 */
export function readWords(address: string, words: Uint32Array): boolean {
  const colon = address.indexOf(':');
  if (colon === -1) {
    words[0] = 0;
    words[1] = 0;
    words[2] = MAPPED_PREFIX;
    words[V4_WORD] = dottedWord(address, 0);
    return true;
  }
  readGroups(address);
  for (let word = 0; word < WORDS; word += 1) {
    words[word] = (((groups[2 * word] ?? 0) << 16) | (groups[2 * word + 1] ?? 0)) >>> 0;
  }
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED_PREFIX;
}

/** Reads the dotted decimals from `at` to the end. */
function dottedWord(text: string, at: number): number {
  let word = 0;
  let byte = 0;
  for (let index = at; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      word = (word << 8) | byte;
      byte = 0;
    } else byte = byte * 10 + code - ZERO;
  }
  return ((word << 8) | byte) >>> 0;
}

/** Sets {@link groups} to those of an IPv6 address. */
function readGroups(text: string): void {
  groups.fill(0);
  let count = 0;
  /** The number of groups before the `::`. */
  let before = -1;
  let at = 0;
  while (at < text.length && count < GROUPS) {
    if (text.charCodeAt(at) === COLON) {
      // Only the first group may follow a single colon, as it is one of two.
      if (text.charCodeAt(at + 1) === COLON) {
        before = count;
        at += 2;
      } else at += 1;
      continue;
    }
    const start = at;
    let group = 0;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === COLON || code === DOT) break;
      group = (group << 4) | (code <= NINE ? code - ZERO : (code | LOWER) - LETTER_A + 10);
    }
    if (text.charCodeAt(at) === DOT) {
      const word = dottedWord(text, start);
      groups[count] = word >>> 16;
      groups[count + 1] = word & 0xffff;
      count += 2;
      break;
    }
    groups[count] = group;
    count += 1;
  }
  if (before === -1) return;
  // The groups after the `::` are the last ones.
  groups.copyWithin(GROUPS - (count - before), before, count);
  groups.fill(0, before, GROUPS - (count - before));
}

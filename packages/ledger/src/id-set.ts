import { randomBytes } from 'node:crypto';

/**
 * A set of ids that stores a hash of 64 bits per id. A million ids of any length take 17 MB; a Set of strings takes 100 MB.
 *
 * Each process hashes with its own random key, and two ids collide with a probability of 2^-64. With a million known ids, one
 * look-up of an unknown id in 18 trillion reports a known one. The consumer then dead-letters its events.
 */
export interface IdSet {
  /** Adds `text.slice(from, to)`. */
  add(text: string, from?: number, to?: number): void;
  has(id: string): boolean;
  size(): number;
}

/** The first byte of a fingerprint selects one of 256 tables: growing one of them takes microseconds, not 50 ms. */
const TABLES = 256;
const SMALLEST_TABLE = 8;
/** Minimum number of slots per entry. A third of the slots stays free, so that a search is short. */
const SLOTS_PER_ENTRY = 1.5;

/** Open addressing. A slot has two words, both zero while it is free. */
interface Table {
  words: Uint32Array;
  entries: number;
}

/** The second word of the last fingerprint. */
let second = 0;
const seeds = new Uint32Array(new Uint8Array(randomBytes(8)).buffer);
const firstSeed = seeds[0] ?? 0;
const secondSeed = seeds[1] ?? 0;

/** Returns the first word of a fingerprint, which is never zero, and leaves the other one in `second`. */
function fingerprint(text: string, from: number, to: number): number {
  let a = firstSeed;
  let b = secondSeed;
  for (let i = from; i < to; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, 0x5f356495);
    b = (b << 17) | (b >>> 15);
  }
  a ^= to - from;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  second = (b ^ (b >>> 16)) >>> 0;
  return (a ^ (a >>> 16)) >>> 0 || 1;
}

export function createIdSet(): IdSet {
  const tables: Table[] = Array.from({ length: TABLES }, () => ({ words: new Uint32Array(0), entries: 0 }));
  let size = 0;

  return {
    add(text, from = 0, to = text.length) {
      const a = fingerprint(text, from, to);
      const table = tables[second >>> 24] as Table;
      if ((table.entries + 1) * SLOTS_PER_ENTRY > table.words.length / 2) grow(table);
      if (!insert(table.words, a, second)) return;
      table.entries += 1;
      size += 1;
    },
    has(id) {
      const a = fingerprint(id, 0, id.length);
      const { words } = tables[second >>> 24] as Table;
      return words.length > 0 && words[slotOf(words, a, second)] !== 0;
    },
    size: () => size,
  };
}

/** The slot of an entry, or the free slot for it. */
function slotOf(words: Uint32Array, a: number, b: number): number {
  const mask = words.length - 1;
  let slot = (a << 1) & mask;
  while (words[slot] !== 0 && (words[slot] !== a || words[slot + 1] !== b)) slot = (slot + 2) & mask;
  return slot;
}

/** False if the set has the entry already. */
function insert(words: Uint32Array, a: number, b: number): boolean {
  const slot = slotOf(words, a, b);
  if (words[slot] !== 0) return false;
  words[slot] = a;
  words[slot + 1] = b;
  return true;
}

function grow(table: Table): void {
  const words = new Uint32Array(Math.max(2 * SMALLEST_TABLE, 2 * table.words.length));
  for (let slot = 0; slot < table.words.length; slot += 2) {
    const a = table.words[slot] as number;
    if (a !== 0) insert(words, a, table.words[slot + 1] as number);
  }
  table.words = words;
}

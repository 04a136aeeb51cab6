import { describe, expect, it } from '@jest/globals';
import { createIdSet } from '../src/id-set.js';

describe('a set of ids', () => {
  it('contains each added id once, and nothing else', () => {
    const set = createIdSet();
    const ids = Array.from({ length: 100_000 }, (_, i) => `ad-${i}`);
    for (const id of [...ids, ...ids]) set.add(id);
    expect(set.size()).toBe(ids.length);
    expect(ids.every(set.has)).toBe(true);
    expect(ids.filter((id) => set.has(`${id}x`) || set.has(id.slice(1)))).toEqual([]);
  });

  it('distinguishes ids that differ in one bit, in one character or in the order of characters', () => {
    const set = createIdSet();
    const id = '!'.repeat(128);
    set.add(id);
    for (let at = 0; at < id.length; at += 1) {
      for (const other of ['"', '#', '%', ')', '1', 'A', 'a']) {
        expect(set.has(id.slice(0, at) + other + id.slice(at + 1))).toBe(false);
      }
    }
    set.add('ab');
    expect(['ba', 'a', 'b', '', 'abab'].filter(set.has)).toEqual([]);
  });

  it('treats a slice of a text like the same text by itself', () => {
    const set = createIdSet();
    set.add('one\ntwo\nthree', 4, 7);
    expect(['one', 'two', 'three', 'one\ntwo\nthree'].filter(set.has)).toEqual(['two']);
  });
});

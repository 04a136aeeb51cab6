import { describe, expect, it } from '@jest/globals';
import { readCursor, writeCursor } from '../src/index.js';

describe('a cursor', () => {
  it.each([
    [3, 'ad/1?x="&~|'],
    [0, 'ad-001'],
    [-1, '|"~!'],
    [Number.MAX_SAFE_INTEGER, 'x'.repeat(128)],
  ] as const)('returns the position that it was written from: %i %s', (value, adId) => {
    const cursor = writeCursor([value, adId]);
    expect(cursor).toMatch(/^[\w-]{1,200}$/);
    expect(readCursor(cursor)).toEqual([value, adId]);
  });

  it.each([
    '',
    '%%%',
    'abc',
    ...['null', '[1,"a"]', '1', '1 ', ' a', 'x a', '1.5 a', '1e3 a', '1 a b', '1 {', '1 a\0', '9007199254740993 a'].map(
      (text) => Buffer.from(text).toString('base64url'),
    ),
  ])('is refused if writeCursor did not write it: %j', (text) => {
    expect(readCursor(text)).toBeUndefined();
  });
});

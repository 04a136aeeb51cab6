import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { keyedHash } from '../src/index.js';

describe('keyedHash', () => {
  // RFC 4231, test cases 2, 3 and 6.
  it.each<[Uint8Array, string, string]>([
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('of %p is that of RFC 4231', (key, text, expected) => {
    expect(keyedHash(key)(text, 'hex')).toBe(expected);
  });

  it('is that of createHmac for texts of every length, one after the other', () => {
    const key = Buffer.from('a key of this test');
    const hash = keyedHash(key);
    for (const character of ['x', 'é', '€', '😀', '\ud800']) {
      for (const length of [2_000, 1_024, 1_025, 513, 512, 64, 1, 0]) {
        const text = character.repeat(length);
        expect([length, hash(text, 'base64url')]).toEqual([
          length,
          createHmac('sha256', key).update(text).digest('base64url'),
        ]);
      }
    }
  });
});

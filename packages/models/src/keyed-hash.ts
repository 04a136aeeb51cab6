import { createHmac, hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Characters of the longest text that is hashed in place. A character takes up to three bytes. */
const LONGEST_IN_PLACE = 1_024;

/** Returns the HMAC-SHA-256 of a text in UTF-8. */
export type KeyedHash = (text: string, encoding: 'base64url' | 'hex') => string;

/**
 * Returns the HMAC-SHA-256 with a key, as RFC 2104 defines it: `H(key ^ opad, H(key ^ ipad, text))`. A hash takes 1.3 µs of CPU,
 * with `createHmac` and a `KeyObject` 2.3 to 3.2 µs: that creates an object for each text.
 *
 * @param key copied
 */
export function keyedHash(key: Uint8Array): KeyedHash {
  const short = Buffer.alloc(BLOCK_BYTES);
  if (key.length > BLOCK_BYTES) hash('sha256', key, 'buffer').copy(short);
  else short.set(key);
  const inner = Buffer.alloc(BLOCK_BYTES + 3 * LONGEST_IN_PLACE);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  for (const [at, byte] of short.entries()) {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return (text, encoding) => {
    if (text.length > LONGEST_IN_PLACE) return createHmac('sha256', short).update(text).digest(encoding);
    const end = BLOCK_BYTES + inner.write(text, BLOCK_BYTES, 'utf8');
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, encoding);
  };
}

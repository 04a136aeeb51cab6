import { randomFillSync } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Any UUID in its usual form, of any version and letter case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

// One call for randomness per 256 ids: the call costs more than the bytes do.
const ID_BYTES = 10;
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/**
 * A new UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits. Time-ordered, so that new
 * rows land beside each other in the index, and a day of ids is one partition.
 *
 * @param now milliseconds since the Unix epoch
 */
export function uuidv7(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const time = now.toString(16).padStart(12, '0');
  const random = pool.toString('hex', used, used + ID_BYTES);
  // The variant is the two high bits `10`: of the 16 digits, one of 8, 9, a, b. The digit that it stands in for gives
  // the other two bits; the low ones of its byte are in the next digit already.
  const variant = '89ab'.charAt((pool[used + 2] ?? 0) >> 6);
  used += ID_BYTES;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(5, 8)}-${random.slice(8)}`;
}

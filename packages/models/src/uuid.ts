import { randomFillSync } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const UUID_LENGTH = 36;

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

/** How far ahead of the time of receipt the time in an id may be. Partitions for these days are always there. */
const MOST_AHEAD = 86_400_000;

const VERSION_AT = 14;
const VERSION_7 = '7'.charCodeAt(0);

/** Ids are compared with the latest of a whole second: the text of it is not made anew for each event. */
let latest = { second: -1, prefix: '' };

/**
 * True for a UUIDv7 whose time is more than a day ahead of `now`: its maker's clock is wrong, or its time was made up, and
 * the day that it belongs to has no partition yet. Decided by the version alone. The first bits of any other version may
 * be random or a hash, so one in a hundred lies in a coming day by chance and must be taken.
 *
 * @param id in lower case, as {@link isUuid} takes it
 * @param now milliseconds since the Unix epoch
 */
export function isFarAhead(id: string, now: number): boolean {
  if (id.charCodeAt(VERSION_AT) !== VERSION_7) return false;
  const second = Math.floor(now / 1_000);
  if (second !== latest.second) {
    const time = (1_000 * second + MOST_AHEAD).toString(16).padStart(12, '0');
    latest = { second, prefix: `${time.slice(0, 8)}-${time.slice(8)}` };
  }
  return id > latest.prefix && timeOf(id) > now + MOST_AHEAD;
}

/** The first 48 bits of a UUID: in a UUIDv7, milliseconds since the Unix epoch. */
function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

import { randomFillSync } from 'node:crypto';
import { isDerived } from './derived-id.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const UUID_LENGTH = 36;

/** True for a UUID in canonical form, of any version and letter case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

// One random call for 256 ids, because the call costs more than the bytes.
const ID_BYTES = 10;
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/**
 * Returns a new UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits. Ids are ordered by time, so new
 * rows are neighbours in the index, and the ids of a day are one partition.
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
  // The digit of the variant has the high bits `10`: 8, 9, a or b. The random digit that it replaces gives the low bits.
  const variant = '89ab'.charAt((pool[used + 2] ?? 0) >> 6);
  used += ID_BYTES;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(5, 8)}-${random.slice(8)}`;
}

/** How far the time in an id may be ahead of the time of receipt. Partitions for these days always exist. */
const MOST_AHEAD = 86_400_000;

const VERSION_AT = 14;
const VERSION_7 = '7'.charCodeAt(0);

/** The largest allowed prefix of an id. It is formatted once per second, not for each event. */
let latest = { second: -1, prefix: '' };

/** True for an id that begins with a time: a UUIDv7, or one that was derived from a URL. */
function hasTime(id: string): boolean {
  return id.charCodeAt(VERSION_AT) === VERSION_7 || isDerived(id);
}

/**
 * True for a UUIDv7 whose time is more than a day ahead of `now`: the clock was wrong or the time invented, and its day may
 * have no partition yet. The same applies to ids of `derivedId`. False for all other ids: their first bits are not a time but
 * random or a hash, so most of them would appear to be in the future.
 *
 * @param id a valid UUID in lower case
 * @param now milliseconds since the Unix epoch
 */
export function isFarAhead(id: string, now: number): boolean {
  if (!hasTime(id)) return false;
  const second = Math.floor(now / 1_000);
  if (second !== latest.second) {
    const time = (1_000 * second + MOST_AHEAD).toString(16).padStart(12, '0');
    latest = { second, prefix: `${time.slice(0, 8)}-${time.slice(8)}` };
  }
  return id > latest.prefix && timeOf(id) > now + MOST_AHEAD;
}

/** Caches the smallest prefix that is not too old during a second. */
let oldest = { second: -1, maxAge: 0, prefix: '' };

/**
 * True for a UUIDv7, or an id of `derivedId`, whose time is more than `maxAge` before `now`: the events of its day may be removed,
 * so a repetition would count again. False for all other ids, whose first bits are not a time.
 *
 * @param id a valid UUID in lower case
 * @param now milliseconds since the Unix epoch
 * @param maxAge milliseconds; Infinity for any age
 */
export function isTooOld(id: string, now: number, maxAge: number): boolean {
  if (maxAge === Number.POSITIVE_INFINITY || !hasTime(id)) return false;
  const second = Math.floor(now / 1_000);
  if (second !== oldest.second || maxAge !== oldest.maxAge) {
    const time = Math.max(0, 1_000 * (second + 1) - maxAge)
      .toString(16)
      .padStart(12, '0');
    oldest = { second, maxAge, prefix: `${time.slice(0, 8)}-${time.slice(8)}` };
  }
  return id < oldest.prefix && timeOf(id) < now - maxAge;
}

/**
 * Returns the time of a UUIDv7 in milliseconds since the Unix epoch; undefined for any other text.
 *
 * @param text of any letter case
 */
export function timeOfUuidv7(text: string): number | undefined {
  return text.charCodeAt(VERSION_AT) === VERSION_7 && isUuid(text) ? timeOf(text) : undefined;
}

const [NINE, LOWER, LETTER_A] = ['9'.charCodeAt(0), 32, 'a'.charCodeAt(0)] as const;
const ZERO = '0'.charCodeAt(0);

/** Returns the first 48 bits of a UUID. `parseInt` of the 12 digits, which are not together, takes five times as long. */
function timeOf(id: string): number {
  return 2 ** 16 * hexadecimal(id, 0, 8) + hexadecimal(id, 9, 13);
}

function hexadecimal(text: string, from: number, end: number): number {
  let number = 0;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    number = 16 * number + (code <= NINE ? code - ZERO : (code | LOWER) - LETTER_A + 10);
  }
  return number;
}

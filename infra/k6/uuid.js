import { randomBytes } from 'k6/crypto';

/**
 * Returns a new UUIDv7, as a player generates for each click. It begins with the time, so Postgres stores new rows together.
 *
 * @param {number} now milliseconds since the Unix epoch
 */
export function uuidv7(now) {
  const bytes = new Uint8Array(randomBytes(10));
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const time = now.toString(16).padStart(12, '0');
  const variant = '89ab'.charAt(Number.parseInt(random.charAt(3), 16) & 3);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

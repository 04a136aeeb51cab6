import { createHash, randomBytes } from 'node:crypto';
import { isIP, isIPv4, type Socket } from 'node:net';
import { ipKeyGenerator } from 'express-rate-limit';

/** Of a connection that broke meanwhile. */
const UNKNOWN_ADDRESS = '0.0.0.0';

/**
 * By what a client is counted: its address; of IPv6 its network, as whoever has an address has all of them.
 *
 * @param said the address, as the trusted proxies say it: it may be any text, which must not be held, and counts where it
 *   is an address
 * @param socket whose address counts otherwise
 */
export function clientOf(said = '', { remoteAddress = UNKNOWN_ADDRESS }: Pick<Socket, 'remoteAddress'>): string {
  const address = isIP(said) === 0 ? remoteAddress : said;
  return address.includes(':') ? networkOf(address) : address;
}

/** Without it, a table of all IPv4 addresses would tell which one a name stands for. */
const SECRET = randomBytes(16);

/** A name for a client of `clientOf`, for the life of this process, that does not tell its address. */
export function pseudonymOf(client: string): string {
  return createHash('sha256').update(SECRET).update(client).digest('base64').slice(0, 16);
}

/** What begins otherwise may hold an IPv4 address in some older way, or is none that a player has. */
const GLOBAL = /^[23][\da-f]{3}:[\da-f:]+$/i;
/** Of IPv4, as a socket has it that takes both. */
const MAPPED = '::ffff:';

/**
 * As express-rate-limit has it, the first 56 bits, which takes it 8 µs; of what players come with it is the first four of
 * eight groups without the low byte of the fourth, and takes 0.5.
 */
function networkOf(address: string): string {
  if (address.startsWith(MAPPED) && isIPv4(address.slice(MAPPED.length))) return address.slice(MAPPED.length);
  if (!GLOBAL.test(address)) return ipKeyGenerator(address);
  const [start = '', rest] = address.split('::');
  const groups = start.split(':');
  if (rest !== undefined) {
    const last = rest === '' ? [] : rest.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  const [first, second, third, fourth] = groups.map((group) => Number.parseInt(group, 16));
  return `${first}:${second}:${third}:${(fourth ?? 0) >> 8}`;
}

import { createHash, randomBytes } from 'node:crypto';
import { isIP, isIPv4, type Socket } from 'node:net';
import { ipKeyGenerator } from 'express-rate-limit';

/** Stands for a connection that was closed before its address was read. */
const UNKNOWN_ADDRESS = '0.0.0.0';

/**
 * The key under which the requests of a client are counted: its IPv4 address, or its IPv6 network, because a subscriber
 * owns a whole network.
 *
 * @param clientAddress as the trusted proxies report it; a text that is not an address is ignored, and never stored
 * @param socket supplies the address when `clientAddress` is not one
 */
export function clientKey(
  clientAddress = '',
  { remoteAddress = UNKNOWN_ADDRESS }: Pick<Socket, 'remoteAddress'>,
): string {
  const address = isIP(clientAddress) === 0 ? remoteAddress : clientAddress;
  return address.includes(':') ? networkOf(address) : address;
}

/** Keeps pseudonyms from being reversed with a table of all IPv4 addresses. */
const SECRET = randomBytes(16);

/** A name for a client of `clientKey` that does not reveal its address. Changes with each start of the process. */
export function pseudonymOf(client: string): string {
  return createHash('sha256').update(SECRET).update(client).digest('base64').slice(0, 16);
}

/** Global unicast addresses. Other addresses may embed an IPv4 address, or are not used on the internet. */
const GLOBAL = /^[23][\da-f]{3}:[\da-f:]+$/i;
/** Prefix of an IPv4 address on a dual-stack socket. */
const MAPPED = '::ffff:';

/**
 * The first 56 bits of an IPv6 address, as in express-rate-limit. Its `ipKeyGenerator` takes 8 µs; for global unicast addresses
 * this function takes 0.5 µs. Their first 56 bits are the first four groups without the low byte of the fourth.
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

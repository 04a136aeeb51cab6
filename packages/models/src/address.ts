import { isIP } from 'node:net';

/** Characters of the longest IPv6 address, without a zone. */
export const LONGEST_ADDRESS = '0000:0000:0000:0000:0000:ffff:255.255.255.255'.length;
/** With brackets, a port, and a zone as long as an interface name of Linux. */
const LONGEST_WITH_PORT = LONGEST_ADDRESS + '[%]:65535'.length + 15;

/** Stands for an address that is unknown or was erased, because an event must have one. */
export const NO_ADDRESS = '0.0.0.0';

/** An address with a port, as some proxies write it, with IPv6 in brackets. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/** True for an address that needs no normalisation: without a zone, and without an IPv4 part in IPv6. */
export function isPlainAddress(text: string): boolean {
  if (text.length > LONGEST_ADDRESS) return false;
  const version = isIP(text);
  return version === 4 || (version === 6 && !text.includes('%') && !text.includes('.'));
}

/**
 * Returns the IPv4 or IPv6 address in a text as Postgres stores it: without port and zone, and without the IPv6 prefix that
 * dual-stack sockets add to IPv4. Undefined if the text is not an address.
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST_WITH_PORT) return undefined;
  // Nearly all texts are plain addresses, and an expression with named groups takes three times as long.
  if (isPlainAddress(text)) return text;
  const { v4, v6 } = WITH_PORT.exec(text)?.groups ?? {};
  const address = (v6 ?? v4 ?? text).replace(/%.*$/s, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? undefined : address;
}

const BYTES = 16;
/** Prefix of an IPv4 address in an IPv6 address. */
const MAPPED = '::ffff:';

/**
 * The 16 bytes of an address without a zone: equal for all spellings of one address. IPv4 becomes an IPv4-mapped IPv6
 * address.
 */
export function addressBytes(address: string): Buffer {
  const [start = '', end = ''] = (address.includes(':') ? address : MAPPED + address).split('::');
  const bytes = Buffer.alloc(BYTES);
  let at = 0;
  for (const group of groupsOf(start)) at = bytes.writeUInt16BE(group, at);
  at = BYTES;
  for (const group of groupsOf(end).reverse()) {
    at -= 2;
    bytes.writeUInt16BE(group, at);
  }
  return bytes;
}

/** The groups before or after the `::` of an IPv6 address. The last one may be an IPv4 address. */
function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return Number.parseInt(group, 16);
    const [first = 0, second = 0, third = 0, fourth = 0] = group.split('.').map(Number);
    return [(first << 8) | second, (third << 8) | fourth];
  });
}

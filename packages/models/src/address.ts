import { isIP } from 'node:net';

/** Characters of the longest IPv6 address, without a zone. */
export const LONGEST_ADDRESS = '0000:0000:0000:0000:0000:ffff:255.255.255.255'.length;
/** With brackets, a port, and a zone as long as an interface name of Linux. */
const LONGEST_WITH_PORT = LONGEST_ADDRESS + '[%]:65535'.length + 15;

/** An address with a port, as some proxies write it, with IPv6 in brackets. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/**
 * Returns the IPv4 or IPv6 address in a text as Postgres stores it: without port and zone, and without the IPv6 prefix that
 * dual-stack sockets add to IPv4. Undefined if the text is not an address.
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST_WITH_PORT) return undefined;
  const { v4, v6 } = WITH_PORT.exec(text)?.groups ?? {};
  const address = (v6 ?? v4 ?? text).replace(/%.*$/s, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? undefined : address;
}

import { isIP } from 'node:net';

/** What some proxies write: an address and a port, IPv6 then in brackets. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/**
 * The IPv4 or IPv6 address in a text, as Postgres stores it: without port and zone, and IPv4 as IPv4 where the socket is
 * dual-stack. Undefined for what is no address.
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { v4, v6 } = WITH_PORT.exec(text)?.groups ?? {};
  const address = (v6 ?? v4 ?? text).replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? undefined : address;
}

import { isIP, type Socket } from 'node:net';
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
  return ipKeyGenerator(isIP(said) === 0 ? remoteAddress : said);
}

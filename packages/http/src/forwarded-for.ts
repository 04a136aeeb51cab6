import type { IncomingMessage } from 'node:http';
import type { HttpConfig } from '@ads/runtime';

/**
 * Makes `X-Forwarded-For` a list of plain addresses, before anything reads it. Azure and some others add the port of the
 * client, `203.0.113.9:4711` or `[2001:db8::1]:443`. With it no entry is an address: all clients would share one limit, and
 * a trusted proxy would be taken for the viewer.
 *
 * @returns does nothing where no proxy is trusted: the header is then not read
 */
export function forwardedForReader({ TRUST_PROXY }: HttpConfig): (request: IncomingMessage) => void {
  if (TRUST_PROXY === false) return () => undefined;
  return ({ headers }) => {
    const forwarded = headers['x-forwarded-for'];
    if (typeof forwarded !== 'string' || (forwarded.length <= PLAIN_LENGTH && !forwarded.includes(':'))) return;
    headers['x-forwarded-for'] = forwarded.split(',').slice(-MOST_HOPS).map(withoutPort).join(',');
  };
}

/** The last hops are those nearest to us. Of 16 KB of trusted addresses, to find the first that is not takes 14 ms. */
const MOST_HOPS = 32;
/** No longer than 32 addresses of IPv4 can be. */
const PLAIN_LENGTH = 256;
const OPENING = '[';
const CLOSING = ']';

/** An IPv6 address has several colons, so a port can only follow it behind brackets. */
function withoutPort(entry: string): string {
  const text = entry.trim();
  if (text.startsWith(OPENING)) {
    const end = text.indexOf(CLOSING);
    return end === -1 ? text : text.slice(1, end);
  }
  const colon = text.indexOf(':');
  return colon !== -1 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}

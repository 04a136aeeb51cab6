import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { StitcherConfig } from '@ads/runtime';
import { compile } from 'proxy-addr';
import type { Access } from './access.js';

/**
 * Removes `X-Device-IP` and `X-Device-User-Agent` from requests unless a trusted server sends them, which inserts ads into
 * streams and reports for its viewers (VAST 4.3, 1.1.3): one of `TRUSTED_STITCHERS`, or one with a key of the scope `stitch`. All
 * other code may trust the headers that are left.
 *
 * @param addressOf the address of the sender, as the trusted proxies report it
 */
export function deviceHeaderReader(
  { TRUSTED_STITCHERS: networks = [] }: Partial<StitcherConfig>,
  addressOf: (request: IncomingMessage) => string | undefined,
  { mayStitch }: Pick<Access, 'mayStitch'>,
): (request: IncomingMessage) => void {
  const isStitcher = compile([...networks]);
  return (request) => {
    const { headers } = request;
    const address = headers['x-device-ip'];
    if (address === undefined && headers['x-device-user-agent'] === undefined) return;
    const isTrusted = (networks.length > 0 && isStitcher(addressOf(request) ?? '', 0)) || mayStitch(request);
    if (!isTrusted || isIP(String(address)) === 0) delete headers['x-device-ip'];
    if (!isTrusted) delete headers['x-device-user-agent'];
  };
}

/** The address of the viewer for whom a trusted server sends the request. */
export function deviceAddress({ headers }: IncomingMessage): string | undefined {
  return headers['x-device-ip'] as string | undefined;
}

/** The user agent of the viewer; empty if unknown. */
export function userAgentOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return (headers['x-device-user-agent'] as string | undefined) ?? headers['user-agent'] ?? '';
}

import { isIP } from 'node:net';
import type { RequestHead, StitcherConfig } from '@ads/runtime';
import { compile } from 'proxy-addr';
import type { Access } from './access.js';

/** The requests of servers that insert ads into streams and report for their viewers (VAST 4.3, 1.1.3). */
export interface Stitchers {
  /**
   * Removes `X-Device-IP` and `X-Device-User-Agent` from a request unless a trusted server sends it: one of
   * `TRUSTED_STITCHERS`, or one with a key of the scope `stitch`. All other code may trust the headers that are left.
   */
  readonly readHeaders: (request: RequestHead) => void;
  /** True for a request of a trusted server, also without these headers: its sender is not the viewer. */
  readonly isStitcher: (request: RequestHead) => boolean;
}

/** @param addressOf the address of the sender, as the trusted proxies report it */
export function createStitchers(
  { TRUSTED_STITCHERS: networks = [] }: Partial<StitcherConfig>,
  addressOf: (request: RequestHead) => string | undefined,
  { mayStitch }: Pick<Access, 'mayStitch'>,
): Stitchers {
  const isInNetworks = compile([...networks]);
  const isTrusted = (request: RequestHead): boolean =>
    (networks.length > 0 && isInNetworks(addressOf(request) ?? '', 0)) || mayStitch(request);
  const hasHeaders = ({ headers }: RequestHead): boolean =>
    headers['x-device-ip'] !== undefined || headers['x-device-user-agent'] !== undefined;
  return {
    readHeaders(request) {
      if (!hasHeaders(request)) return;
      const { headers } = request;
      const trusted = isTrusted(request);
      if (!trusted || isIP(String(headers['x-device-ip'])) === 0) delete headers['x-device-ip'];
      if (!trusted) delete headers['x-device-user-agent'];
    },
    isStitcher: (request) => hasHeaders(request) || isTrusted(request),
  };
}

/** The address of the viewer for whom a trusted server sends the request. */
export function deviceAddress({ headers }: RequestHead): string | undefined {
  return headers['x-device-ip'] as string | undefined;
}

/** The user agent of that viewer. */
export function deviceUserAgent({ headers }: RequestHead): string | undefined {
  return headers['x-device-user-agent'] as string | undefined;
}

/** The user agent of the viewer, else of the sender; empty if unknown. */
export function userAgentOf(request: RequestHead): string {
  return deviceUserAgent(request) ?? request.headers['user-agent'] ?? '';
}

import type { Socket } from 'node:net';
import type { HttpConfig } from '@ads/runtime';
import { compile } from 'proxy-addr';
import { clientKey } from './client-key.js';

/**
 * Names the client address or network that a connection counts for, as the rate limiters group them. Undefined for a trusted
 * proxy, because it carries the requests of many clients; a number of hops trusts every sender.
 */
export function connectionOwner({ TRUST_PROXY }: HttpConfig): (socket: Socket) => string | undefined {
  if (typeof TRUST_PROXY !== 'object') return TRUST_PROXY ? () => undefined : (socket) => clientKey(undefined, socket);
  const isProxy = compile([...TRUST_PROXY]);
  return (socket) => (isProxy(socket.remoteAddress ?? '', 0) ? undefined : clientKey(undefined, socket));
}

import type { Socket } from 'node:net';
import type { HttpConfig } from '@ads/runtime';
import { compile } from 'proxy-addr';
import { clientKey } from './client-key.js';

/**
 * Returns the client key under which a connection is counted. Undefined for a trusted proxy, because it sends the requests of
 * many clients. If `TRUST_PROXY` is a number of hops, every sender is trusted.
 */
export function connectionOwner({ TRUST_PROXY }: HttpConfig): (socket: Socket) => string | undefined {
  if (typeof TRUST_PROXY !== 'object') return TRUST_PROXY ? () => undefined : (socket) => clientKey(undefined, socket);
  const isProxy = compile([...TRUST_PROXY]);
  return (socket) => (isProxy(socket.remoteAddress ?? '', 0) ? undefined : clientKey(undefined, socket));
}

import type { RequestHead } from '@ads/runtime';

const HEADER = 'x-invalid-traffic';

/**
 * Returns a function that removes `X-Invalid-Traffic` from a request unless a trusted proxy sends it. All other code may trust
 * the header that is left.
 *
 * @param trust whether `TRUST_PROXY` trusts an address at this number of hops from here
 */
export function invalidTrafficHeaderReader(
  trust: (address: string, hop: number) => boolean,
): (request: RequestHead) => void {
  return ({ headers, socket }) => {
    if (headers[HEADER] === undefined) return;
    if (socket.remoteAddress === undefined || !trust(socket.remoteAddress, 0)) delete headers[HEADER];
  };
}

/** True for a request that a trusted proxy marks as invalid traffic: the header has any text. */
export function isMarkedInvalid({ headers }: RequestHead): boolean {
  const reason = headers[HEADER];
  return reason !== undefined && reason.length > 0;
}

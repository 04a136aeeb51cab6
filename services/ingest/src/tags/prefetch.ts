import type { IncomingMessage } from 'node:http';

const HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;
const SPECULATIVE = /prefetch|prerender|preview/i;

/** True for a request that a browser makes before anybody asks for it. It is not an event. */
export function isPrefetch({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return HEADERS.some((name) => {
    const value = headers[name];
    return value !== undefined && SPECULATIVE.test(String(value));
  });
}

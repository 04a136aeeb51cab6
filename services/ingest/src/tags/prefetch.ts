import type { RequestHead } from '@ads/runtime';

const SPECULATIVE = /prefetch|prerender|preview/i;

/** True for a request that a browser makes before anybody asks for it. It is not an event. */
export function isPrefetch({ headers }: Pick<RequestHead, 'headers'>): boolean {
  // Not a loop over the names, which takes five times as long.
  return (
    isSpeculative(headers['sec-purpose']) ||
    isSpeculative(headers.purpose) ||
    isSpeculative(headers['x-purpose']) ||
    isSpeculative(headers['x-moz'])
  );
}

function isSpeculative(value: string | readonly string[] | undefined): boolean {
  return value !== undefined && SPECULATIVE.test(String(value));
}

/*
 * The headers that many responses have. The document describes each of them once, in its components, and responses refer to
 * them.
 */

/** By their names in the components. */
export const sharedHeaders = {
  RequestId: {
    description:
      'Id of the request in logs and error bodies. A valid `X-Request-ID` of the request is kept: 1 to 128 letters, digits and `._:-`.',
    schema: { type: 'string' },
    example: '0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  RateLimitPolicy: {
    description: 'The limit: `q` requests in `w` seconds, and a pseudonym `pk` of the client.',
    schema: { type: 'string' },
    example: '"events"; q=6000; w=60; pk=:kO3pXv1zQm8bT4Ya:',
  },
  RateLimit: {
    description: 'The remaining requests: `r` in the next `t` seconds.',
    schema: { type: 'string' },
    example: '"events"; r=5999; t=60',
  },
  RetryAfter: {
    description: 'Seconds to wait before the next attempt.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
    example: 1,
  },
  ETag: {
    description: 'Version of the response, for `If-None-Match`.',
    schema: { type: 'string' },
    example: '"dJ0tHnQ1f2Vb8xY4kLm9pA"',
  },
  CacheControl: {
    description:
      'How long the response may be cached. With `no-cache`, caches must compare the `ETag` with the service before each use.',
    schema: { type: 'string' },
    example: 'public, max-age=10',
  },
};

export function headerOf(name: keyof typeof sharedHeaders) {
  return { $ref: `#/components/headers/${name}` };
}

/** On every response. */
export const requestIdHeader = { 'X-Request-ID': headerOf('RequestId') };

/** On responses of paths with a limit per client, unless the limit is disabled. */
export const rateLimitHeaders = { 'RateLimit-Policy': headerOf('RateLimitPolicy'), RateLimit: headerOf('RateLimit') };

/** On responses that tell when to retry. */
export const retryAfterHeader = { 'Retry-After': headerOf('RetryAfter') };

/** On responses that clients may cache. */
export const cachingHeaders = { ETag: headerOf('ETag'), 'Cache-Control': headerOf('CacheControl') };

import { isIP } from 'node:net';
import type { HttpConfig } from '@ads/runtime';
import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { BoundedStore } from './bounded-store.js';
import { rateLimited } from './errors.js';

const WINDOW_MS = 60_000;
/** Some 20 MB. */
const MOST_ADDRESSES = 100_000;

/** For the paths that read. One for the whole process: it holds the counts. */
export function readLimiter(config: HttpConfig): RequestHandler {
  return limiter('reads', config.RATE_LIMIT_READS_PER_MINUTE);
}

function limiter(identifier: string, limit: number): RequestHandler {
  if (limit === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    identifier,
    store: new BoundedStore(MOST_ADDRESSES),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Whoever has an IPv6 address has a whole network of them: the library counts by network. A
    // connection that broke meanwhile has no address any more. What a proxy says may be any text, and must not be held.
    keyGenerator: ({ ip = '', socket }) => ipKeyGenerator(isIP(ip) === 0 ? (socket.remoteAddress ?? '0.0.0.0') : ip),
    handler: (_request, _response, next) => next(rateLimited(limit)),
    // These print to the console about what TRUST_PROXY says on purpose.
    validate: { trustProxy: false, xForwardedForHeader: false, forwardedHeader: false, ip: false },
  });
}

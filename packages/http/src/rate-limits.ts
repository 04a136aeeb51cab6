import type { HttpConfig } from '@ads/runtime';
import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { BoundedStore } from './bounded-store.js';
import { clientKey, pseudonymOf } from './client-key.js';
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
    keyGenerator: ({ ip, socket }) => clientKey(ip, socket),
    handler: ({ ip, socket }, _response, next) => next(rateLimited(limit, pseudonymOf(clientKey(ip, socket)))),
    // These print to the console about what TRUST_PROXY says on purpose.
    validate: { trustProxy: false, xForwardedForHeader: false, forwardedHeader: false, ip: false },
  });
}

import type { Socket } from 'node:net';
import { ENDPOINTS, ownText, rateLimited } from '@ads/contract';
import { type EventLimitConfig, type HttpConfig, managementPath } from '@ads/runtime';
import type { RequestHandler } from 'express';
import { clientKey, pseudonymOf } from './client-key.js';
import { type HeaderLines, listOf, setHeaders } from './head.js';

/** Names a limit: `RATE_LIMIT_EVENTS_PER_MINUTE` or `RATE_LIMIT_READS_PER_MINUTE`. */
export type LimitName = 'events' | 'reads';

const WINDOW_MS = 60_000;
/** Maximum number of clients that are counted. Their windows take 34 MB. */
const MAX_CLIENTS = 100_000;

/** The requests of one client in a fixed window, which begins with the first of them. */
interface ClientWindow {
  requests: number;
  /** The client key. */
  readonly client: string;
  /** Names the client without its address. */
  readonly pseudonym: string;
  /** Value of the header `RateLimit-Policy`, which contains the pseudonym. */
  readonly policy: string;
  /** By the limiter's clock. */
  readonly endsAt: number;
}

/**
 * Counts a request of the client that `clientKey` derives from the arguments.
 *
 * @param cost how many requests it counts as; 1 by default
 * @returns `RateLimit-Policy` and `RateLimit`, or no line without a limit
 * @throws ApiError 429 when the client is over its limit
 */
export type RateLimiter = (
  clientAddress: string | undefined,
  socket: Pick<Socket, 'remoteAddress'>,
  cost?: number,
) => HeaderLines;

const wholeMilliseconds = (): number => Math.floor(performance.now());

/**
 * Allows each client `limit` requests per minute, with the same windows and headers (draft 8) as express-rate-limit. A request
 * takes 0.3 µs instead of 4.5 µs. Windows are kept in two maps. When the newer map is full or as old as a window, it replaces
 * the older one. Memory is bounded by `maxClients`, and a client that keeps sending requests is never forgotten.
 *
 * @param name of the policy in the headers
 * @param limit requests per minute; 0 disables the limiter
 * @param now whole milliseconds of a monotonic clock: fractions could be rounded up to 61 seconds
 */
export function createRateLimiter(
  name: LimitName,
  limit: number,
  { now = wholeMilliseconds, maxClients = MAX_CLIENTS } = {},
): RateLimiter {
  if (limit === 0) return () => '';
  const policyFor = (client: string) => `"${name}"; q=${limit}; w=${WINDOW_MS / 1_000}; pk=:${client}:`;
  let newer = new Map<string, ClientWindow>();
  let older = new Map<string, ClientWindow>();
  let newerSince = now();

  function windowOf(client: string, time: number): ClientWindow {
    if (newer.size >= maxClients / 2 || time - newerSince >= WINDOW_MS) {
      older = newer;
      newer = new Map();
      newerSince = time;
    }
    const recent = newer.get(client);
    if (recent !== undefined && time < recent.endsAt) return recent;
    let window = recent ?? older.get(client);
    if (window === undefined || time >= window.endsAt) {
      const pseudonym = pseudonymOf(client);
      window = {
        requests: 0,
        client: ownText(client),
        pseudonym,
        policy: policyFor(pseudonym),
        endsAt: time + WINDOW_MS,
      };
    }
    newer.set(window.client, window);
    return window;
  }

  return (clientAddress, socket, cost = 1) => {
    const time = now();
    const window = windowOf(clientKey(clientAddress, socket), time);
    window.requests += cost;
    const seconds = Math.ceil((window.endsAt - time) / 1_000);
    // toFixed, because V8 caches the other conversions of numbers to strings. If one client sends all requests, each string is
    // new and would survive the young generation.
    const remaining = `"${name}"; r=${Math.max(0, limit - window.requests).toFixed()}; t=${seconds}`;
    if (window.requests > limit) {
      throw rateLimited(limit, window.pseudonym, {
        'RateLimit-Policy': window.policy,
        RateLimit: remaining,
        'Retry-After': String(seconds),
      });
    }
    return `RateLimit-Policy: ${window.policy}\r\nRateLimit: ${remaining}\r\n`;
  };
}

/** The limits of a service. Only a service that takes events has a limit of events. */
export type RateLimitConfig = Pick<HttpConfig, 'RATE_LIMIT_READS_PER_MINUTE'> & Partial<EventLimitConfig>;

/** One limiter per limit and process: Express and the fast path share the count of a client. */
export function createRateLimiters(config: RateLimitConfig): Readonly<Record<LimitName, RateLimiter>> {
  return {
    events: createRateLimiter('events', config.RATE_LIMIT_EVENTS_PER_MINUTE ?? 0),
    reads: createRateLimiter('reads', config.RATE_LIMIT_READS_PER_MINUTE),
  };
}

const PROBES: ReadonlySet<unknown> = new Set([ENDPOINTS.health.path, ENDPOINTS.live.path, ENDPOINTS.ready.path]);

/** Limits all requests to Express, including those for unknown paths. Probes are never limited. */
export function limitRequests(rateLimiter: RateLimiter): RequestHandler {
  return (request, response, next) => {
    if (!PROBES.has(managementPath(request.url))) setHeaders(response, listOf(rateLimiter(request.ip, request.socket)));
    next();
  };
}

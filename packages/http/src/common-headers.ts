import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { HttpConfig } from '@ads/runtime';
import cors from 'cors';
import helmet from 'helmet';
import { REQUEST_ID_HEADER } from './request-id.js';

/** Middleware that needs of a request and an answer no more than Node gives them. */
type Plain = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** For an API: nothing may be loaded or framed. A route that gives out a page sets its own policy. */
export function securityHeaders({ HSTS_MAX_AGE_SECONDS, HSTS_INCLUDE_SUBDOMAINS }: HttpConfig): Plain {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Players run on other origins; whom they may be is for CORS to say.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // It binds a whole host name, and every service on it, for as long as it says: that is for its owner to decide.
    strictTransportSecurity: HSTS_MAX_AGE_SECONDS > 0 && {
      maxAge: HSTS_MAX_AGE_SECONDS,
      includeSubDomains: HSTS_INCLUDE_SUBDOMAINS,
    },
    // The rest is for documents, or for browsers that are no more.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    // As the policy's frame-ancestors.
    xFrameOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
}

const SHARED_CORS = {
  methods: ['GET', 'HEAD', 'POST'],
  exposedHeaders: [REQUEST_ID_HEADER, 'RateLimit', 'RateLimit-Policy', 'Retry-After'],
  // Two hours are the most that browsers keep it.
  maxAge: 7_200,
};

/**
 * Cross-origin rules. Whatever headers a page asks for are allowed: tracing libraries add theirs to every request, and a
 * preflight that fails loses the click.
 *
 * @param takesEvents true for a request to a path that takes events. There the origin is named, and credentials are
 *   allowed, which `sendBeacon` always sends along. No cookie is ever read, so that gives nobody anything.
 */
export function crossOrigin({ CORS_ORIGINS }: HttpConfig, takesEvents: (request: IncomingMessage) => boolean): Plain {
  const listed = CORS_ORIGINS === '*' ? undefined : [...CORS_ORIGINS];
  const forReading = { ...SHARED_CORS, origin: listed ?? '*' };
  const forEvents = { ...SHARED_CORS, origin: listed ?? true, credentials: true };
  return cors((request, decide) => {
    const { headers } = request as IncomingMessage;
    const options = isOrigin(headers.origin) && takesEvents(request as IncomingMessage) ? forEvents : forReading;
    const requested = headers['access-control-request-headers'] ?? '';
    decide(null, requested.length > LONGEST_LIST ? { ...options, allowedHeaders: [] } : options);
  }) as Plain;
}

/** The longest list of headers that a preflight may ask for. */
const LONGEST_LIST = 1_024;
/** A scheme, the longest host name and a port. */
const LONGEST_ORIGIN = 300;

/** A longer text is no origin, and is never put into an answer. */
function isOrigin(text: string | undefined): text is string {
  return text !== undefined && text.length <= LONGEST_ORIGIN;
}

/** Names and values in turn, as `writeHead` takes them. */
export type HeaderList = readonly string[];

/** The headers of answers to a request from an origin, or from none. */
type HeadersFor = (origin: string | undefined) => HeaderList;

/**
 * The headers that the two above put on an answer (but to OPTIONS), found by running them once for each origin that may be one's own:
 * running them takes 2.9 µs, the list 0.8.
 */
export function commonHeaders(config: HttpConfig, takesEvents: boolean): HeadersFor {
  const middleware = [securityHeaders(config), crossOrigin(config, () => takesEvents)];
  const { CORS_ORIGINS } = config;
  const strangers = recordHeaders(middleware, undefined);
  if (CORS_ORIGINS !== '*') {
    const known = new Map(CORS_ORIGINS.map((origin) => [origin, recordHeaders(middleware, origin)]));
    return (origin) => (origin === undefined ? strangers : (known.get(origin) ?? strangers));
  }
  if (!takesEvents) return () => strangers;
  const all = recordHeaders(middleware, ANY_ORIGIN);
  const place = all.indexOf(ANY_ORIGIN);
  return (origin) => (isOrigin(origin) ? all.with(place, origin) : strangers);
}

/** Its place in the recorded headers is that of the origin of a request. */
const ANY_ORIGIN = 'https://any.example';

function recordHeaders(middleware: readonly Plain[], origin: string | undefined): HeaderList {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  if (origin !== undefined) request.headers.origin = origin;
  const response = new ServerResponse(request);
  for (const run of middleware) {
    run(request, response, (error) => {
      if (error !== undefined) throw error;
    });
  }
  return response.getHeaderNames().flatMap((name) => [name, String(response.getHeader(name))]);
}

export function setHeaders(response: ServerResponse, headers: HeaderList): void {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    response.setHeader(headers[index] as string, headers[index + 1] as string);
  }
}

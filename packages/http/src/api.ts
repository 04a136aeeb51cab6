import type { IncomingMessage } from 'node:http';
import { API_PREFIX, type ApiError, MANAGEMENT_PATHS, methodNotAllowed, notFound, withPrefix } from '@ads/contract';
import type {
  HttpConfig,
  Logger,
  ManagementEndpoints,
  Metrics,
  RequestHead,
  StitcherConfig,
  Tracing,
} from '@ads/runtime';
import express, { type ErrorRequestHandler, type Request, type Router } from 'express';
import proxyAddress from 'proxy-addr';
import { type Access, guardRoutes } from './access.js';
import type { ApiHandlers } from './api-handlers.js';
import { commonHeaders, crossOrigin, preflightHeaders, securityHeaders } from './common-headers.js';
import { createRouter } from './create-router.js';
import { createStitchers, deviceAddress } from './device-headers.js';
import { createFastPath, type FastPath } from './fast-path.js';
import { forwardedForReader } from './forwarded-for.js';
import { setHeaders } from './head.js';
import { invalidTrafficHeaderReader } from './invalid-traffic-header.js';
import { createObserver, observe, observedOf } from './observe.js';
import { createRateLimiters, limitRequests, type RateLimitConfig } from './rate-limiter.js';
import type { RequestContext } from './request-context.js';
import { errorAnswer } from './response.js';
import { traceRequests } from './trace-requests.js';

/** The API of a service. */
export interface ApiOptions {
  readonly config: HttpConfig & RateLimitConfig & Partial<StitcherConfig>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Traces sampled requests. By default none is traced. */
  readonly tracing?: Tracing | undefined;
  readonly managementEndpoints: ManagementEndpoints;
  /** Checks the keys of all requests to `ENDPOINTS`. */
  readonly access: Access;
  /** Adds the routes that get nearly all requests. Their paths must differ from those of `routes`. */
  readonly fastPath?: (fastPath: FastPath) => void;
  /**
   * Adds the other routes to Express. Each also answers under `/api/v1`. Add paths directly to the router
   * (`router.get(...)`), so that other methods on them are answered with 405.
   */
  readonly routes?: (router: Router) => void;
  /** Called for each error response of the fast path. @param path such as `/t/{event}` */
  readonly onRefused?: (path: string, error: ApiError, sender: Pick<RequestContext, 'clientKey'>) => void;
}

/** Returns the handlers of a service, for `listen`. */
export function createApi(options: ApiOptions): ApiHandlers {
  const { config, logger, metrics, tracing, managementEndpoints, access } = options;
  const traces = tracing && traceRequests(tracing, metrics);
  const observed = createObserver(metrics, logger);
  const observer = traces?.observer(observed) ?? observed;
  const rateLimiters = createRateLimiters(config);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.set('trust proxy', trustProxy(config));
  const trust: Trust = app.get('trust proxy fn');
  const addressOf = (request: RequestHead) => clientAddressOf(request, trust);
  const stitchers = createStitchers(config, addressOf, access);
  const { fastPath, listener, wholeHandler, routes, takesEvents } = createFastPath({
    observer,
    rateLimiters,
    access,
    headersFor: {
      readers: commonHeaders(config, 'readers'),
      events: commonHeaders(config, 'events'),
      tags: commonHeaders(config, 'tags'),
    },
    preflightHeaders: preflightHeaders(config),
    clientAddressOf: (request) => deviceAddress(request) ?? addressOf(request),
    isStitcher: stitchers.isStitcher,
    onRefused: options.onRefused,
  });
  options.fastPath?.(traces?.fastPath(fastPath) ?? fastPath);

  app.use(observe(observer));
  app.use(securityHeaders(config));
  app.use(crossOrigin(config, takesEvents));
  app.use(limitRequests(rateLimiters.reads));
  app.use((request, response, next) => {
    if (!managementEndpoints(request, response)) next();
  });

  const router = createRouter();
  options.routes?.(router);
  app.use(guardRoutes(access, router.stack));
  refuseOtherMethods(router, router.stack);
  refuseOtherMethods(app, routes);
  app.use(API_PREFIX, router);
  app.use('/', router);

  app.all(withPrefix(MANAGEMENT_PATHS), (request) => {
    throw methodNotAllowed(request.method, ['GET', 'HEAD']);
  });
  app.use(() => {
    throw notFound();
  });
  app.use(answerErrors);
  const readForwardedFor = forwardedForReader(config);
  const readInvalidTraffic = invalidTrafficHeaderReader(trust);
  const readHeaders = (request: RequestHead): void => {
    readForwardedFor(request);
    stitchers.readHeaders(request);
    readInvalidTraffic(request);
  };
  const api: ApiHandlers = {
    handler(request, response) {
      readHeaders(request);
      listener(request, response, () => app(request, response));
    },
    wholeHandler(request, reply) {
      readHeaders(request);
      return wholeHandler(request, reply);
    },
  };
  return traces?.api(api) ?? api;
}

/** Copies the list, because Express may keep and change it. */
function trustProxy({ TRUST_PROXY }: HttpConfig): boolean | number | string[] {
  return typeof TRUST_PROXY === 'object' ? [...TRUST_PROXY] : TRUST_PROXY;
}

type Trust = (address: string, hop: number) => boolean;

/** The same as `request.ip` in Express. */
function clientAddressOf(request: RequestHead, trust: Trust): string | undefined {
  if (request.headers['x-forwarded-for'] === undefined) return request.socket.remoteAddress;
  // It reads the headers and the address of the socket only.
  return proxyAddress(request as IncomingMessage, trust);
}

/** Answers 405 for the paths of `routes`. Call it after they were added, so that only requests with other methods reach it. */
function refuseOtherMethods(behind: Pick<Router, 'all'>, routes: Router['stack']): void {
  const allowed = new Map<string | string[], Set<string>>();
  for (const { route } of routes) {
    if (route === undefined) continue;
    const methods = allowed.get(route.path) ?? new Set();
    for (const { method } of route.stack) {
      if (method === 'get') methods.add('GET').add('HEAD');
      else methods.add(method.toUpperCase());
    }
    allowed.set(route.path, methods);
  }
  for (const [path, methods] of allowed) {
    behind.all(path, (request: Request) => {
      throw methodNotAllowed(request.method, [...methods]);
    });
  }
}

const answerErrors: ErrorRequestHandler = (thrown: unknown, _request, response, _next) => {
  const { status, headers, body } = errorAnswer(thrown, observedOf(response));
  // Part of the response has been sent. Only a closed connection tells the client that the rest is missing.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // Headers of the static file that was about to be sent.
  for (const name of ['Accept-Ranges', 'Content-Range', 'ETag', 'Last-Modified']) response.removeHeader(name);
  setHeaders(response, headers);
  response.status(status).type('json').send(body);
};

import type { IncomingMessage, RequestListener } from 'node:http';
import {
  type HttpConfig,
  type Logger,
  MANAGEMENT_PATHS,
  type ManagementEndpoints,
  type ManagementPath,
  type Metrics,
  managementPath,
} from '@ads/runtime';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Router } from 'express';
import proxyAddress from 'proxy-addr';
import { commonHeaders, crossOrigin, securityHeaders } from './common-headers.js';
import { errorBody, methodNotAllowed, notFound, toApiError } from './errors.js';
import { createFastPath, type FastPath } from './fast-path.js';
import { forwardedForReader } from './forwarded-for.js';
import { createObserver, observe, traceOf } from './observe.js';
import { API_PREFIX, createRouter, withPrefix } from './paths.js';
import { readLimiter } from './rate-limits.js';
import { requestIdOf } from './request-id.js';

/** What a service answers beside health and metrics. */
export interface ApiOptions {
  readonly config: HttpConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly managementEndpoints: ManagementEndpoints;
  /** Adds what nearly all requests ask for. Its paths are not those of any other route. */
  readonly fastPath?: (fastPath: FastPath) => void;
  /**
   * Adds the rest to Express, to answer with and without `/api/v1`. Paths must be added to the router directly
   * (`router.get(...)`), so that a wrong method on one of them is a 405.
   */
  readonly routes?: (router: Router) => void;
}

/** The routes of a service, and what they have in common. */
export function createApi(options: ApiOptions): RequestListener {
  const { config, logger, metrics, managementEndpoints } = options;
  const observer = createObserver(metrics, logger);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.set('trust proxy', trustProxy(config));
  const trust: Trust = app.get('trust proxy fn');
  const { fastPath, listener, routes, takesEvents } = createFastPath({
    observer,
    headersFor: { get: commonHeaders(config, false), post: commonHeaders(config, true) },
    clientAddressOf: (request) => clientAddressOf(request, trust),
  });
  options.fastPath?.(fastPath);

  app.use(observe(observer));
  app.use(securityHeaders(config));
  app.use(crossOrigin(config, takesEvents));
  app.use(unlessProbed(readLimiter(config)));
  app.use((request, response, next) => {
    if (!managementEndpoints(request, response)) next();
  });

  const router = createRouter();
  options.routes?.(router);
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
  return (request, response) => {
    readForwardedFor(request);
    listener(request, response, () => app(request, response));
  };
}

/** Express takes a list that it may keep, so it gets its own. */
function trustProxy({ TRUST_PROXY }: HttpConfig): boolean | number | string[] {
  return typeof TRUST_PROXY === 'object' ? [...TRUST_PROXY] : TRUST_PROXY;
}

type Trust = (address: string, hop: number) => boolean;

/** What Express has as `request.ip`. */
function clientAddressOf(request: IncomingMessage, trust: Trust): string | undefined {
  if (request.headers['x-forwarded-for'] === undefined) return request.socket.remoteAddress;
  return proxyAddress(request, trust);
}

const PROBES: ReadonlySet<unknown> = new Set<ManagementPath>(['/health', '/live', '/ready']);

/** All that Express answers is limited, also what does not exist. Only whoever watches the process is never refused. */
function unlessProbed(limiter: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (PROBES.has(managementPath(request.url))) next();
    else void limiter(request, response, next);
  };
}

/** Behind the routes: who comes here has a path that exists, and another method. */
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
  const error = toApiError(thrown);
  traceOf(response).error = error;
  // Half of an answer is out: cutting it off is the only way to say that it is no good.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What was said about the file that is not given out now.
  for (const name of ['Accept-Ranges', 'Content-Range', 'ETag', 'Last-Modified']) response.removeHeader(name);
  response
    .status(error.status)
    .set(error.headers)
    .set('Cache-Control', 'no-store')
    .type('json')
    .json(errorBody(error, requestIdOf(response)));
};
